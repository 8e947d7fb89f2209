/**
 * mysqlCheck: a login without a password, and a goodbye. Main thread.
 *
 * The login is finished because a server counts connections that break off before it, and refuses an address that makes
 * too many of them (`max_connect_errors`). Source: MySQL's "Client/Server Protocol", connection phase.
 */
import type { HealthCheck } from '@sluice/core/plugin';
import { type Conversation, converse, failed, type Heard, passed, shown } from '@sluice/core/probe';
import type { Args } from '@sluice/dsl/plan';

const MOST_BYTES = 16 * 1024;
const MOST_PACKET = 4096;
const MOST_ROUNDS = 4;

const LONG_PASSWORD = 0x1;
const PROTOCOL_41 = 0x200;
const SECURE_CONNECTION = 0x8000;
const PLUGIN_AUTH = 0x80000;
const UTF8MB4 = 45;

const OK = 0x00;
const MORE = 0x01;
const SWITCH = 0xfe;
const ERROR = 0xff;
const QUIT = Buffer.from([1, 0, 0, 0, 1]);

/** mysqlCheck passes when the server lets the user in. */
export const mysqlCheck: HealthCheck = {
  probe: (target, options, signal) => converse(target, signal, mysqlConversation(options)),
};

/** mysqlConversation is one probe's: greeting, login, perhaps another way to log in, goodbye. */
export function mysqlConversation(options: Args): Conversation {
  let version: string | null = null;
  let rounds = 0;
  return {
    opening: null,
    mostBytes: MOST_BYTES,
    receive(bytes): Heard {
      if (bytes.length < 4) return null;
      const length = bytes.readUIntLE(0, 3);
      if (length === 0 || length > MOST_PACKET)
        return { result: failed(`the answer is not MySQL: ${length} bytes long`) };
      const end = 4 + length;
      if (bytes.length < end) return null;
      const packet = bytes.subarray(4, end);
      const sequence = bytes[3]!;
      if (packet[0] === ERROR) return { result: failed(errorText(packet)) };
      if (version === null) {
        const greeting = readGreeting(packet);
        if (greeting === null) return { result: failed('the answer is not MySQL') };
        version = greeting.version;
        return { taken: end, say: framed(login(String(options.user), greeting.plugin), sequence + 1) };
      }
      if (packet[0] === OK) return { result: passed(`let in by ${shown(version)}`), say: QUIT };
      if (++rounds > MOST_ROUNDS) return { result: failed('the login does not come to an end') };
      if (packet[0] === SWITCH && packet.length > 1) {
        // Whatever way it is, the answer to it is no password.
        return { taken: end, say: framed(Buffer.alloc(0), sequence + 1) };
      }
      if (packet[0] === MORE && packet[1] === 3) return { taken: end };
      return { result: failed('the user needs a password: give it a user without one, with no rights') };
    },
  };
}

interface Greeting {
  readonly version: string;
  readonly plugin: string;
}

/** readGreeting reads protocol 10's; null when it is none. */
function readGreeting(packet: Buffer): Greeting | null {
  if (packet[0] !== 10) return null;
  const end = packet.indexOf(0, 1);
  // Behind the version: thread, 8 bytes of a salt, a filler, half of the capabilities.
  const rest = end + 1 + 4 + 8 + 1;
  if (end < 2 || packet.length < rest + 2) return null;
  const version = packet.toString('latin1', 1, end);
  const lower = packet.readUInt16LE(rest);
  if ((lower & PROTOCOL_41) === 0) return null;
  let plugin = 'mysql_native_password';
  if (packet.length >= rest + 18) {
    const upper = packet.readUInt16LE(rest + 5);
    const saltBytes = packet[rest + 7]!;
    const nameAt = rest + 18 + Math.max(13, saltBytes - 8);
    if ((upper & (PLUGIN_AUTH >> 16)) !== 0 && nameAt < packet.length) {
      const nameEnd = packet.indexOf(0, nameAt);
      plugin = packet.toString('latin1', nameAt, nameEnd < 0 ? packet.length : nameEnd);
    }
  }
  return { version, plugin };
}

function login(user: string, plugin: string): Buffer {
  const head = Buffer.alloc(32);
  head.writeUInt32LE(LONG_PASSWORD | PROTOCOL_41 | SECURE_CONNECTION | PLUGIN_AUTH, 0);
  head.writeUInt32LE(1 << 24, 4);
  head[8] = UTF8MB4;
  // The user, an empty password, how it is proven.
  return Buffer.concat([head, Buffer.from(`${user.replaceAll('\0', '')}\0\0${plugin}\0`, 'utf8')]);
}

function framed(packet: Buffer, sequence: number): Buffer {
  const head = Buffer.alloc(4);
  head.writeUIntLE(packet.length, 0, 3);
  head[3] = sequence & 0xff;
  return Buffer.concat([head, packet]);
}

/** errorText is the server's message with its number: `1045: Access denied for user …`. */
function errorText(packet: Buffer): string {
  if (packet.length < 3) return 'an error without a number';
  const from = packet[3] === 0x23 ? 9 : 3;
  return shown(`${packet.readUInt16LE(1)}: ${packet.toString('utf8', from)}`);
}
