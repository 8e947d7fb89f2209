/**
 * redisCheck: AUTH where a password is written, then PING. Main thread. Source: the Redis serialization protocol (RESP 2).
 */
import type { HealthCheck } from '@sluice/core/plugin';
import { type Conversation, converse, failed, type Heard, passed, shown } from '@sluice/core/probe';
import type { Args } from '@sluice/dsl/plan';

/** Answers to AUTH and PING are one short line each. */
const MOST_BYTES = 4096;

/** redisCheck passes when the server answers PONG: one that still loads its data, or wants a password, does not. */
export const redisCheck: HealthCheck = {
  probe: (target, options, signal) => converse(target, signal, redisConversation(options)),
};

/** redisConversation is one probe's: nothing is asked for but PING. */
export function redisConversation({ user, password }: Args): Conversation {
  const hasPassword = typeof password === 'string';
  let isLetIn = !hasPassword;
  const login = typeof user === 'string' ? ['AUTH', user, String(password)] : ['AUTH', String(password)];
  return {
    opening: hasPassword ? command(login) : command(['PING']),
    mostBytes: MOST_BYTES,
    receive(bytes): Heard {
      const kind = bytes[0];
      if (kind !== undefined && kind !== 0x2b && kind !== 0x2d) return { result: failed('the answer is not Redis') };
      const end = bytes.indexOf('\r\n');
      if (end < 0) return null;
      const line = bytes.toString('latin1', 1, end);
      if (kind === 0x2d) return { result: failed(shown(line)) };
      if (!isLetIn) {
        if (line !== 'OK') return { result: failed(`AUTH was answered with ${shown(line)}`) };
        isLetIn = true;
        return { taken: end + 2, say: command(['PING']) };
      }
      if (line !== 'PONG') return { result: failed(`PING was answered with ${shown(line)}`) };
      return { result: passed('PONG'), say: command(['QUIT']) };
    },
  };
}

function command(words: readonly string[]): string {
  const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  return `*${words.length}\r\n${parts.join('')}`;
}
