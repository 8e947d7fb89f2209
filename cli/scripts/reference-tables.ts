/**
 * ReferenceTables: what no word says of itself: the lines at the top of a file, the words that hold lines together,
 * operators, and how values are written. Used when the docs are made; no part of the command.
 */
import type { BaseArg, Operator } from '@sluice/dsl';

type Rows = readonly (readonly [written: string, doc: string])[];

/** TOP: the lines at the top of a file. */
export const TOP: Rows = [
  [
    'listener NAME on ADDRESS [tcp] { … }',
    'a bound address and its rules; with `tcp`, connections are forwarded without reading HTTP',
  ],
  ['backend NAME { … }', 'a pool of servers, one `server` line each'],
  ['backend NAME of ADDRESS, … [{ … }]', 'the same; the address of each server is its name'],
  ['define NAME = CONDITION', 'a name for a condition'],
  ['list NAME = ips|hosts|paths|texts|numbers VALUE, …', 'a name for values'],
  [
    'list NAME = TYPE from "FILE" [refresh DURATION]',
    'the same, from a file with one value per line, which is read again when it changes',
  ],
  [
    'map NAME = TYPE to TYPE from "FILE" [refresh DURATION] else VALUE',
    'a lookup table: a file with a key and a value per line',
  ],
  ['include [optional] "GLOB"', 'includes other rule files; `optional`: there may be none'],
  ['use NAME from "PATH OR PACKAGE" [{ OPTION VALUE; … }]', 'loads a plugin, which adds words'],
  ['settings { … }', 'what applies to the whole gateway'],
  [
    'test "NAME" { given …; expect … }',
    'a test: a request, and what the rules should do with it ([sluice test](../tools/test.md))',
  ],
];

/** JOINTS: the words that hold lines and conditions together. */
export const JOINTS: Rows = [
  ['when CONDITION', 'the line applies to requests that match the condition'],
  ['otherwise …', 'the last route: what happens to all other requests'],
  ['on response { … }', 'changes to responses, both from servers and from the gateway itself'],
  ['A and B', 'both are true'],
  ['A or B', 'at least one of them is true; mixing `and` and `or` requires parentheses'],
  ['not A', 'it is false; `A` is one test, one name, or a condition in parentheses'],
  ['all', 'every request'],
  ['every FIELD …', 'all values of the field must pass; without it, one is enough'],
  ['… anycase', 'ignores case'],
];

/** OPERATORS: how a field may be compared. */
export const OPERATORS: Readonly<Record<Operator, string>> = {
  is: 'is one of these; for addresses: is in one of these networks',
  in: 'the same as `is`; reads better with a list',
  under: 'is this path or below it: `under /foo` is /foo and /foo/…, never /foobar',
  starts: 'begins with one of these',
  ends: 'ends with one of these',
  contains: 'contains one of these',
  like: 'fits one of these patterns, in which `*` is any text',
  matches: 'contains a match for one of these regular expressions',
  over: 'is greater than this number',
  below: 'is less than this number',
  between: 'is between these two numbers, or equal to one of them',
  present: 'is present, whatever its value',
  absent: 'is missing',
};

/** VALUES: how a value of each type is written. */
export const VALUES: Readonly<Record<Exclude<BaseArg['type'], 'flag'>, string>> = {
  name: 'letters, digits, `-`, `_`, `.`; begins with a letter',
  text: 'a bare word, or a text in quotes: `"a, b"`',
  names: 'host names, separated by commas: `www.example.com, example.com`',
  'log format':
    '`json`, `combined`, or a text in quotes with fields: [access log](../access-log.md#a-format-of-your-own)',
  bind: 'IP and port, or `unix:/path`; `:80` is every address, `[::]:80` every IPv6 address',
  number: 'a whole number: `200`',
  status: 'an HTTP status: `404`',
  statuses: 'statuses and ranges, separated by commas: `200, 301..308`',
  duration: '`250ms`, `10s`, `1.5m`, `8h`, `1d`; the unit is required',
  size: '`512B`, `16KiB`, `10MiB`, `1GiB` (powers of 1024), `16kB`, `10MB`, `1GB` (powers of 1000); the unit is required',
  rate: '`20/s`, `300/m`, `1000/h`',
  percent: '`5%`, `0.5%`',
  prefix: 'a prefix length: `/24`',
  port: '`0` to `65535`',
  cidrs: 'addresses, networks and lists of them, separated by commas: `10.0.0.0/8, 2001:db8::1, office`',
  template: 'a text with [placeholders](#templates)',
  header: 'the name of a header; case-insensitive',
  cookie: 'the name of a cookie; case-sensitive',
  backend: 'the name of a backend',
  path: 'a path that begins with `/`',
  method: 'a method, in capitals',
  file: 'a path in quotes, relative to the folder of the rule file',
  files:
    'paths in quotes, separated by commas, or patterns such as `"certs/*.pem"`; relative to the folder of the rule file',
  regex: 'a regular expression in RE2 syntax: `r"^/u/[0-9]+"`',
  pattern: 'a path, or a regular expression `r"…"`',
  key: '`ip`, `host`, `path`, `global`, `header NAME` or `cookie NAME`',
  networks:
    'nothing, or the prefix lengths of networks that count as one client: `/24` (IPv4), `ipv6 /56`, or both; above `/32`, it can only be IPv6',
  map: 'the name of a map',
  field: 'a field of the request: `host`, `header NAME`',
  address:
    '`127.0.0.1:80`, `[::1]:80`, `app.internal:80`, `unix:/run/app.sock`, `unix:@name`, or with a port range `127.0.0.1:8000-8010`; for a listener also `:80`, every address of the machine',
  resolvers: 'DNS servers, separated by commas: `10.0.0.53`, `127.0.0.1:5353`, `[::1]:5353`',
  causes: '`connect-failure` and statuses, separated by commas',
};

/** TEMPLATES: the placeholders. */
export const TEMPLATES: Rows = [
  ['{host}', 'the host, in lower case, without the port; IPv6 in brackets'],
  ['{path}', 'the normalised path'],
  ['{query}', '`?` and the query, or nothing if there is none'],
  ['{scheme}', '`http` or `https`'],
  ['{request.id}', '32 hexadecimal digits, unique to the request'],
  ['{trace.id}', '32 hexadecimal digits, the ID of the request’s trace; nothing without `settings { trace … }`'],
  ['{client.ip}', 'the client’s address, as in `ip`'],
  ['{header.NAME}', 'a request header; several values are joined with `, `; nothing if it is absent'],
  ['{cookie.NAME}', 'a request cookie'],
];
