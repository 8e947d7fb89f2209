/**
 * SL08: `test` blocks.
 */
import type { CodeEntry } from './entry.ts';

const test = (lines: string): string => `test "t" {\n${lines.replace(/^/gm, '  ')}\n}`;
const RIGHT = test('given ip 198.51.100.7, GET http://www.example.com:8080/\nexpect send to app');

export const TEST_CODES: Readonly<Record<string, CodeEntry>> = {
  SL0801: {
    severity: 'error',
    message: 'a test needs a name in quotes',
    fix: 'For example `test "outsiders cannot see admin" { … }`',
    why: 'The name of a test is shown when it fails.',
    context: 'top',
    wrong: 'test admin {\n  given GET http://www.example.com:8080/\n  expect allow\n}',
    right: 'test "admin" {\n  given GET http://www.example.com:8080/\n  expect allow\n}',
  },
  SL0802: {
    severity: 'error',
    message: 'test `{name}` does not say which request is given',
    fix: 'Add `given GET https://www.example.com/`, or for a connection `given tcp to :443`',
    why: 'A test runs one request, or one connection, through the rules.',
    context: 'top',
    wrong: test('given ip 198.51.100.7\nexpect allow'),
    right: RIGHT,
  },
  SL0803: {
    severity: 'error',
    message: 'test `{name}` expects nothing',
    fix: 'Add `expect deny`, `expect send to app`, or what should happen',
    why: 'A test that expects nothing cannot fail.',
    context: 'top',
    wrong: test('given GET http://www.example.com:8080/'),
    right: RIGHT,
  },
  SL0804: {
    severity: 'error',
    message: '`{value}` cannot be given',
    fix: 'It can be: `ip 198.51.100.7`, `GET https://www.example.com/x`, `header NAME is VALUE`, `cookie NAME is VALUE`, `tcp to :443`, `sni NAME`, `alpn PROTOCOL`, `listener NAME`',
    why: 'A test is given a request or a connection: who sends it, and what it asks for.',
    context: 'top',
    wrong: test('given country CH, GET http://www.example.com:8080/\nexpect allow'),
    right: RIGHT,
  },
  SL0805: {
    severity: 'error',
    message: '`{value}` cannot be expected',
    fix: 'It can be: `allow`, `deny [STATUS] [by NAME]`, `redirect [STATUS] to URL`, `send to BACKEND`, `header NAME is VALUE`, `header NAME absent`',
    why: 'A test expects what the rules do with the request.',
    context: 'top',
    wrong: test('given GET http://www.example.com:8080/\nexpect refuse'),
    right: RIGHT,
  },
  SL0806: {
    severity: 'error',
    message: 'this request cannot be given: {reason}',
    why: 'The request of a test must be one that could occur in live traffic.',
    context: 'top',
    wrong: test('given ip 10.0.0.300, GET http://www.example.com:8080/\nexpect allow'),
    right: RIGHT,
  },
  SL0807: {
    severity: 'error',
    message: 'a second {what} in the same test',
    fix: 'Move it to a separate test',
    why: 'A test has one request, from one address, to one listener.',
    context: 'top',
    wrong: test('given ip 198.51.100.7, ip 198.51.100.8, GET http://www.example.com:8080/\nexpect allow'),
    right: RIGHT,
  },
  SL0808: {
    severity: 'error',
    message: 'there is no {kind} `{name}`',
    why: 'A test can only refer to names in the same rules.',
    context: 'top',
    wrong: test('given listener wbe, GET http://www.example.com:8080/\nexpect allow'),
    right: test('given listener web, GET http://www.example.com:8080/\nexpect allow'),
  },
  SL0809: {
    severity: 'error',
    message: '`{word}` does not belong in a test',
    fix: 'Use only lines that start with `given` or `expect`',
    why: 'A test contains only what is given and what is expected.',
    context: 'top',
    wrong: test('given GET http://www.example.com:8080/\nexpect allow\ndeny all'),
    right: RIGHT,
  },
  SL0810: {
    severity: 'error',
    message: 'a connection has no {what}',
    fix: 'A test of a connection can be given `ip`, `sni`, `alpn` and `listener`, and can expect `allow`, `deny [by NAME]` and `send to BACKEND`',
    why: 'A `tcp` listener and `tls passthrough to …` decide before a request is read: there are no headers yet, and no response can be sent.',
    context: 'top',
    wrong: test('given tcp to :8080\nexpect deny 403'),
    right: test('given tcp to :8080\nexpect deny'),
  },
};
