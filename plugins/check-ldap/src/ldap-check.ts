/**
 * ldapCheck: an anonymous bind. Main thread. Source: RFC 4511, sections 4.1.1, 4.2 and 4.3.
 */
import type { HealthCheck, ProbeResult } from '@sluice/core/plugin';
import { type Conversation, converse, failed, type Heard, passed, shown } from '@sluice/core/probe';
import { BerError, innerBer, readBer } from './ber.ts';

const MOST_BYTES = 16 * 1024;

/** Message 1: bind, version 3, no name, no password. */
const BIND = Buffer.from([0x30, 0x0c, 0x02, 0x01, 0x01, 0x60, 0x07, 0x02, 0x01, 0x03, 0x04, 0x00, 0x80, 0x00]);
/** Message 2: unbind. */
const UNBIND = Buffer.from([0x30, 0x05, 0x02, 0x01, 0x02, 0x42, 0x00]);

const SEQUENCE = 0x30;
const INTEGER = 0x02;
const ENUMERATED = 0x0a;
const OCTETS = 0x04;
const BIND_RESPONSE = 0x61;
const EXTENDED_RESPONSE = 0x78;

const RESULT_NAMES: Readonly<Record<number, string>> = {
  1: 'operationsError',
  2: 'protocolError',
  8: 'strongerAuthRequired',
  48: 'inappropriateAuthentication',
  49: 'invalidCredentials',
  50: 'insufficientAccessRights',
  51: 'busy',
  52: 'unavailable',
  53: 'unwillingToPerform',
  80: 'other',
};

/** ldapCheck passes when the server takes the anonymous bind. */
export const ldapCheck: HealthCheck = {
  probe: (target, _options, signal) => converse(target, signal, LDAP_CONVERSATION),
};

/** LDAP_CONVERSATION keeps nothing, so that all probes share it. */
export const LDAP_CONVERSATION: Conversation = {
  opening: BIND,
  mostBytes: MOST_BYTES,
  receive(bytes): Heard {
    try {
      const message = readBer(bytes, 0, MOST_BYTES);
      if (bytes.length > 0 && bytes[0] !== SEQUENCE) return { result: failed('the answer is not LDAP') };
      if (message === null) return null;
      const result = judge(message.content);
      return result.status === 'passed' ? { result, say: UNBIND } : { result };
    } catch (error) {
      if (!(error instanceof BerError)) throw error;
      return { result: failed(`the answer is not LDAP: ${error.message}`) };
    }
  },
};

function judge(message: Buffer): ProbeResult {
  const id = innerBer(message, 0, INTEGER);
  const operation = readBer(message, id.end, message.length);
  if (operation === null) throw new BerError('a message that is cut short');
  const isNotice = operation.tag === EXTENDED_RESPONSE;
  if (operation.tag !== BIND_RESPONSE && !isNotice) return failed('the answer is not one to a bind');
  if (!isNotice && !(id.content.length === 1 && id.content[0] === 1)) return failed('the answer is to another message');
  const code = innerBer(operation.content, 0, ENUMERATED);
  if (code.content.length !== 1) throw new BerError('a result code of several bytes');
  const matched = innerBer(operation.content, code.end, OCTETS);
  const text = shown(innerBer(operation.content, matched.end, OCTETS).content);
  const number = code.content[0]!;
  if (number === 0 && !isNotice) return passed('bound');
  const name = RESULT_NAMES[number] ?? 'result';
  return failed(`${isNotice ? 'disconnected: ' : ''}${name} (${number})${text === '' ? '' : `: ${text}`}`);
}
