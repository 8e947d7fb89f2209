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
    'what happens at an address; with `tcp`, connections are passed on without reading HTTP',
  ],
  ['backend NAME { … }', 'a pool of servers, one `server` line each'],
  ['backend NAME of ADDRESS, … [{ … }]', 'the same; the servers are named by their addresses'],
  ['define NAME = CONDITION', 'a name for a condition'],
  ['list NAME = ips|hosts|paths|texts|numbers VALUE, …', 'a name for values'],
  [
    'list NAME = TYPE from "FILE" [refresh DURATION]',
    'the same, one value a line in a file that is read again when it changes',
  ],
  [
    'map NAME = TYPE to TYPE from "FILE" [refresh DURATION] else VALUE',
    'one value by another, from a file with two a line',
  ],
  ['include [optional] "GLOB"', 'reads other rule files too; `optional`: there may be none'],
  ['use NAME from "PATH OR PACKAGE" [{ OPTION VALUE; … }]', 'a plugin, which adds words'],
  ['settings { … }', 'what holds for the whole gateway'],
  [
    'test "NAME" { given …; expect … }',
    'a request, and what is expected of the rules ([sluice test](../tools/test.md))',
  ],
];

/** JOINTS: the words that hold lines and conditions together. */
export const JOINTS: Rows = [
  ['when CONDITION', 'the line applies to requests for which the condition holds'],
  ['otherwise …', 'the last route: what happens to all other requests'],
  ['on response { … }', 'changes of answers: those of servers and those of the gateway itself'],
  ['A and B', 'both hold'],
  ['A or B', 'one of them holds; mixing `and` and `or` needs parentheses'],
  ['not A', 'it does not hold; `A` is one test, one name or a parenthesis'],
  ['all', 'every request'],
  ['every FIELD …', 'every value of the field passes; without it one is enough'],
  ['… anycase', 'compares without regard to case'],
];

/** OPERATORS: how a field may be compared. */
export const OPERATORS: Readonly<Record<Operator, string>> = {
  is: 'is one of these; for addresses: is in one of these networks',
  in: 'the same as `is`; reads better before a list',
  under: 'is this path or below it: `under /foo` is /foo and /foo/…, never /foobar',
  starts: 'begins with one of these',
  ends: 'ends with one of these',
  contains: 'has one of these in it',
  like: 'looks like one of these, where `*` is any text',
  matches: 'matches one of these regular expressions anywhere in it',
  over: 'is a greater number',
  below: 'is a smaller number',
  between: 'is one of these two numbers or between them',
  present: 'is there, whatever its value',
  absent: 'is not there',
};

/** VALUES: how a value of each type is written. */
export const VALUES: Readonly<Record<Exclude<BaseArg['type'], 'flag'>, string>> = {
  name: 'letters, digits, `-`, `_`, `.`; begins with a letter',
  text: 'a bare word, or a text in quotes: `"a, b"`',
  names: 'names of hosts, with commas: `www.example.com, example.com`',
  bind: 'IP and port, or `unix:/path`; `:80` is every address, `[::]:80` every IPv6 address',
  number: 'a whole number: `200`',
  status: 'an HTTP status: `404`',
  statuses: 'statuses and ranges, with commas: `200, 301..308`',
  duration: '`250ms`, `10s`, `1.5m`, `8h`, `1d`; a unit is due',
  size: '`512B`, `16KiB`, `10MiB`, `1GiB` (powers of 1024), `16kB`, `10MB`, `1GB` (powers of 1000); a unit is due',
  rate: '`20/s`, `300/m`, `1000/h`',
  percent: '`5%`, `0.5%`',
  prefix: '`/24`: the bits of a network',
  port: '`0` to `65535`',
  cidrs: 'addresses, networks and lists of them, with commas: `10.0.0.0/8, 2001:db8::1, office`',
  template: 'a text with [placeholders](#templates)',
  header: 'the name of a header; case does not matter',
  cookie: 'the name of a cookie; case matters',
  backend: 'the name of a backend',
  path: 'a path that begins with `/`',
  method: 'a method, in capitals',
  file: 'a path in quotes; it begins at the rule file’s folder',
  files: 'paths in quotes, with commas, or patterns such as `"certs/*.pem"`; they begin at the rule file’s folder',
  regex: 'a regular expression in RE2 syntax: `r"^/u/[0-9]+"`',
  pattern: 'a path, or a regular expression `r"…"`',
  key: '`ip`, `host`, `path`, `global`, `header NAME` or `cookie NAME`',
  networks:
    'nothing, or networks that count as one client: `/24` (IPv4), `ipv6 /56`, or both; above `/32` it can only be IPv6',
  map: 'the name of a map',
  field: 'a field of the request: `host`, `header NAME`',
  address:
    '`127.0.0.1:80`, `[::1]:80`, `app.internal:80`, `unix:/run/app.sock`, `unix:@name`, or with a range of ports `127.0.0.1:8000-8010`; a listener also takes `:80`, every address of the machine',
  resolvers: 'DNS servers, with commas: `10.0.0.53`, `127.0.0.1:5353`, `[::1]:5353`',
  causes: '`connect-failure` and statuses, with commas',
};

/** TEMPLATES: the placeholders. */
export const TEMPLATES: Rows = [
  ['{host}', 'the host, in lower case, without the port; IPv6 in brackets'],
  ['{path}', 'the path, normalised'],
  ['{query}', '`?` and the query, or nothing when there is none'],
  ['{scheme}', '`http` or `https`'],
  ['{request.id}', '32 hexadecimal digits, unique to the request'],
  ['{client.ip}', 'the client’s address, as `ip` has it'],
  ['{header.NAME}', 'a header of the request; several values are joined by `, `; nothing when it is absent'],
  ['{cookie.NAME}', 'a cookie of the request'],
];
