/**
 * postgresqlCheck: the beginning of a session. Main thread. Source: PostgreSQL's "Frontend/Backend Protocol", version 3.0.
 */
import type { HealthCheck } from '@sluice/core/plugin';
import { type Conversation, converse, failed, type Heard, passed, shown } from '@sluice/core/probe';
import type { Args } from '@sluice/dsl/plan';

const VERSION_3 = 196_608;
const MOST_BYTES = 64 * 1024;
const MOST_MESSAGE = 16 * 1024;
const TERMINATE = Buffer.from([0x58, 0, 0, 0, 4]);

/** postgresqlCheck passes when the server asks for a password, or lets the user in and is ready for a query. */
export const postgresqlCheck: HealthCheck = {
  probe: (target, options, signal) => converse(target, signal, postgresqlConversation(options)),
};

/** postgresqlConversation is one probe's. */
export function postgresqlConversation(options: Args): Conversation {
  return {
    opening: startup(String(options.user), typeof options.database === 'string' ? options.database : null),
    mostBytes: MOST_BYTES,
    receive(bytes): Heard {
      if (bytes.length > 0 && !'RSKNEZv'.includes(String.fromCharCode(bytes[0]!))) {
        return { result: failed('the answer is not PostgreSQL') };
      }
      if (bytes.length < 5) return null;
      const length = bytes.readInt32BE(1);
      if (length < 4 || length > MOST_MESSAGE) return { result: failed(`a message of ${length} bytes`) };
      const end = 1 + length;
      if (bytes.length < end) return null;
      const body = bytes.subarray(5, end);
      switch (String.fromCharCode(bytes[0]!)) {
        case 'R':
          if (body.length < 4) return { result: failed('an answer that is cut short') };
          if (body.readInt32BE(0) === 0) return { taken: end };
          return { result: passed('asks for a password'), say: TERMINATE };
        case 'E':
          return { result: failed(errorText(body)) };
        case 'Z':
          return { result: passed('ready for a query'), say: TERMINATE };
        default:
          return { taken: end };
      }
    },
  };
}

function startup(user: string, database: string | null): Buffer {
  const pairs = [
    'user',
    user,
    ...(database === null ? [] : ['database', database]),
    'application_name',
    'sluice-check',
  ];
  const body = Buffer.from(`${pairs.map((text) => text.replaceAll('\0', '')).join('\0')}\0\0`, 'utf8');
  const head = Buffer.alloc(8);
  head.writeInt32BE(8 + body.length, 0);
  head.writeInt32BE(VERSION_3, 4);
  return Buffer.concat([head, body]);
}

/** errorText is an ErrorResponse's message with its SQLSTATE: `57P03: the database system is starting up`. */
function errorText(body: Buffer): string {
  let code = '';
  let message = '';
  for (let at = 0; at < body.length && body[at] !== 0; ) {
    const end = body.indexOf(0, at + 1);
    if (end < 0) break;
    const kind = body[at]!;
    if (kind === 0x43) code = shown(body.subarray(at + 1, end));
    else if (kind === 0x4d) message = shown(body.subarray(at + 1, end));
    at = end + 1;
  }
  const text = [code, message].filter((part) => part !== '').join(': ');
  return text === '' ? 'an error without a text' : text;
}
