/**
 * BaseWords: the settings that the language has by itself, as data. What each becomes in the plan stands in `check`.
 * Main thread.
 */
import type { ComponentSlot } from '../plan/plan.ts';
import { PhraseTable } from './phrase-table.ts';
import type { ArgWord } from './word.ts';

export type SectionKind = 'listener' | 'backend' | 'settings';

/**
 * BaseArg is an argument of a base setting. Four types are the settings' own: `address` (`127.0.0.1:80`, `unix:/path`),
 * `bind` (the same to listen on: `:80` is every address), `causes` (what a retry is for: `connect-failure`, statuses) and `resolvers` (DNS servers).
 */
export type BaseArg = Omit<ArgWord, 'type'> & {
  readonly type: ArgWord['type'] | 'address' | 'bind' | 'causes' | 'resolvers';
};

export interface SettingWord {
  readonly section: SectionKind;
  /** One word or several: `client ip`. */
  readonly name: string;
  readonly doc: string;
  readonly example: string;
  readonly args: readonly BaseArg[];
  /** Chooses a component of this slot; the component's own arguments come beside `args`. */
  readonly slot?: ComponentSlot;
  /** May be said more than once. */
  readonly isRepeatable?: boolean;
  /** May have a condition, on what a connection shows before TLS is opened. */
  readonly takesWhen?: boolean;
  /** Has no meaning in a `tcp` listener. */
  readonly isHttpOnly?: boolean;
}

const DAY = 86_400_000;

const PER_IP: BaseArg = {
  name: 'perIp',
  type: 'networks',
  before: 'per ip',
  doc: 'counts each client apart: an IPv4 address, or a /64 of IPv6; `per ip /24 ipv6 /56` are other networks',
  isOptional: true,
};

/** Forwarding headers that a trusted peer may say besides who the client is. */
const KEPT_HEADERS = ['Proto', 'Host', 'Port', 'Prefix', 'Server', 'Scheme', 'Ssl'].map(
  (name) => `X-Forwarded-${name}`,
);

function duration(name: string, doc: string): BaseArg {
  return { name, type: 'duration', before: name, doc, isOptional: true, min: 1, max: DAY };
}

/** What `eject` and `break circuit` count. */
const FAILURE_ARGS: readonly BaseArg[] = [
  {
    name: 'failures',
    type: 'number',
    before: 'after',
    behind: 'failures',
    doc: 'so many in a row',
    isOptional: true,
    min: 1,
    max: 100_000,
  },
  {
    name: 'share',
    type: 'percent',
    before: 'over',
    behind: 'errors',
    doc: 'the share of recent requests that may fail',
    isOptional: true,
    min: 1,
    max: 99,
  },
  {
    name: 'requests',
    type: 'number',
    before: 'of',
    doc: 'so many recent requests are needed to say so; 20 by default',
    isOptional: true,
    needs: 'share',
    min: 1,
    max: 1_000_000,
  },
  {
    name: 'window',
    type: 'duration',
    before: 'in',
    doc: 'what is recent; 10 s by default',
    isOptional: true,
    needs: 'share',
    min: 100,
    max: DAY,
  },
  {
    name: 'statuses',
    type: 'statuses',
    before: 'on',
    doc: 'statuses that are failures, besides no answer and a bad one; 502..504 by default',
    isOptional: true,
  },
];

export const SETTING_WORDS: readonly SettingWord[] = [
  {
    section: 'listener',
    name: 'tls',
    doc: 'opens TLS on every connection',
    example: 'tls terminate cert "certs/site.pem"',
    slot: 'tls',
    args: [],
  },
  {
    section: 'listener',
    name: 'certificate from',
    doc: 'a certificate that the gateway gets and renews by itself',
    example: 'certificate from acme for www.example.com, example.com',
    slot: 'certificate',
    isRepeatable: true,
    args: [],
  },
  {
    section: 'listener',
    name: 'tls passthrough',
    doc: 'passes TLS on as it came, undecrypted; in a `tcp` listener alone, in others where the line’s condition holds',
    example: 'tls passthrough to payments when sni pay.example.com',
    isRepeatable: true,
    takesWhen: true,
    args: [{ name: 'to', type: 'backend', before: 'to', doc: 'the backend', isOptional: true }],
  },
  {
    section: 'listener',
    name: 'accept proxy',
    doc: 'connections from these peers begin with a PROXY header (version 1 or 2) that says who the client is',
    example: 'accept proxy from 10.0.0.0/8',
    args: [{ name: 'trust', type: 'cidrs', before: 'from', doc: 'the proxies before this gateway' }],
  },
  {
    section: 'listener',
    name: 'protocol',
    doc: 'speaks HTTP/1.1 alone with clients, and no HTTP/2',
    example: 'protocol http1',
    isHttpOnly: true,
    args: [{ name: 'name', type: 'name', doc: '`http1`', choices: ['http1'] }],
  },
  {
    section: 'listener',
    name: 'forward client certificate',
    doc: 'tells servers the client’s certificate, if it is verified, in the header Client-Cert (RFC 9440)',
    example: 'forward client certificate',
    isHttpOnly: true,
    args: [],
  },
  {
    section: 'listener',
    name: 'client ip',
    doc: 'takes the client’s address from a header, where the peer is one of these',
    example: 'client ip from header X-Forwarded-For trust 10.0.0.0/8',
    isHttpOnly: true,
    args: [
      { name: 'header', type: 'header', before: 'from header', doc: 'the header that names the client' },
      { name: 'trust', type: 'cidrs', before: 'trust', doc: 'the peers that are believed' },
      {
        name: 'keep',
        type: 'names',
        before: 'keep',
        doc: 'what else these peers are believed: servers get these headers as they came; nothing by default',
        isOptional: true,
        choices: KEPT_HEADERS,
      },
    ],
  },
  {
    section: 'listener',
    name: 'timeout',
    doc: 'how long the client may take',
    example: 'timeout header 10s, idle 60s',
    isRepeatable: true,
    args: [
      duration(
        'header',
        'from the first byte of a head to its end; for a TLS hello that is read, and for a PROXY header',
      ),
      duration('idle', 'a connection between two requests'),
      duration('body', 'a body that has stopped moving'),
      duration('client', 'an answer that the client has stopped reading'),
    ],
  },
  {
    section: 'listener',
    name: 'body at most',
    doc: 'the longest request body',
    example: 'body at most 10MiB',
    isHttpOnly: true,
    args: [{ name: 'size', type: 'size', doc: 'bytes', min: 1 }],
  },
  {
    section: 'listener',
    name: 'head at most',
    doc: 'the longest request head',
    example: 'head at most 16KiB',
    isHttpOnly: true,
    args: [{ name: 'size', type: 'size', doc: 'bytes', min: 256, max: 1_048_576 }],
  },
  {
    section: 'listener',
    name: 'target at most',
    doc: 'the longest request target',
    example: 'target at most 8KiB',
    isHttpOnly: true,
    args: [{ name: 'size', type: 'size', doc: 'bytes', min: 64, max: 1_048_576 }],
  },
  {
    section: 'listener',
    name: 'headers at most',
    doc: 'the most header fields in one head',
    example: 'headers at most 100',
    isHttpOnly: true,
    args: [{ name: 'count', type: 'number', doc: 'fields', min: 1, max: 10_000 }],
  },
  {
    section: 'listener',
    name: 'connections at most',
    doc: 'the most open connections, in all or from one client',
    example: 'connections at most 100 per ip',
    isRepeatable: true,
    args: [{ name: 'count', type: 'number', doc: 'connections', min: 1, max: 10_000_000 }, PER_IP],
  },
  {
    section: 'listener',
    name: 'backlog',
    doc: 'how many connections may wait to be accepted; 4096 by default, and never more than the system allows',
    example: 'backlog 1024',
    args: [{ name: 'count', type: 'number', doc: 'connections', min: 1, max: 65_535 }],
  },
  {
    section: 'listener',
    name: 'socket mode',
    doc: 'who may connect to its socket files, as `chmod` has it',
    example: 'socket mode 660',
    args: [{ name: 'mode', type: 'number', doc: 'three octal digits: owner, group, others', min: 0, max: 777 }],
  },
  {
    section: 'listener',
    name: 'new connections at most',
    doc: 'how fast connections may come, in all or from one client',
    example: 'new connections at most 20/s per ip',
    isRepeatable: true,
    args: [{ name: 'rate', type: 'rate', doc: 'connections in a time; so many may come at once' }, PER_IP],
  },
  {
    section: 'listener',
    name: 'allow encoded slashes',
    doc: 'lets `%2F` through in paths',
    example: 'allow encoded slashes',
    isHttpOnly: true,
    args: [],
  },
  {
    section: 'listener',
    name: 'methods',
    doc: 'which request methods are taken; without it any in capitals, and others get 501',
    example: 'methods standard',
    isHttpOnly: true,
    args: [
      {
        name: 'which',
        type: 'name',
        doc: '`standard`: GET, HEAD, POST, PUT, PATCH, DELETE and OPTIONS; `any`: any, also with small letters, which rules see in capitals',
        choices: ['standard', 'any'],
      },
    ],
  },
  {
    section: 'listener',
    name: 'errors',
    doc: 'a page of one’s own for answers that the gateway gives by itself',
    example: 'errors 502, 503 from "pages/sorry.html"',
    isHttpOnly: true,
    isRepeatable: true,
    args: [
      { name: 'statuses', type: 'statuses', doc: 'statuses from 400 to 599', min: 400 },
      { name: 'file', type: 'file', before: 'from', doc: 'the page: html, txt, json, xml or svg' },
    ],
  },
  {
    section: 'backend',
    name: 'server',
    doc: 'one member of the backend',
    example: 'server web1 10.1.0.11:8080 weight 3',
    isRepeatable: true,
    args: [
      { name: 'name', type: 'name', doc: 'unique in the backend' },
      {
        name: 'address',
        type: 'address',
        doc: 'IP or name and port, or `unix:/path`; a range of ports is a server each',
      },
      {
        name: 'weight',
        type: 'number',
        before: 'weight',
        doc: 'its share; 0 takes no new requests',
        default: 1,
        min: 0,
        max: 256,
      },
      {
        name: 'max',
        type: 'number',
        before: 'max',
        doc: 'the most requests at once; 0: no limit',
        default: 0,
        min: 0,
        max: 1_000_000,
      },
      {
        name: 'queue',
        type: 'number',
        before: 'queue at most',
        doc: 'the most clients of its own that wait for it; without it: no limit of its own',
        isOptional: true,
        min: 1,
        max: 1_000_000,
      },
      { name: 'backup', type: 'flag', before: 'backup', doc: 'used when no other server is usable', isOptional: true },
    ],
  },
  {
    section: 'backend',
    name: 'tls passthrough',
    doc: 'its servers open TLS themselves: only connections that are passed on as they came get there',
    example: 'tls passthrough',
    args: [],
  },
  {
    section: 'backend',
    name: 'max',
    doc: 'the most requests at once on all its servers',
    example: 'max 500',
    args: [{ name: 'count', type: 'number', doc: 'requests', min: 1, max: 10_000_000 }],
  },
  {
    section: 'backend',
    name: 'queue at most',
    doc: 'the most requests that wait for a server with room',
    example: 'queue at most 100',
    args: [{ name: 'count', type: 'number', doc: 'requests; 0: nobody waits', min: 0, max: 1_000_000 }],
  },
  {
    section: 'backend',
    name: 'slow start',
    doc: 'how long a server that comes back takes to get its whole share',
    example: 'slow start 30s',
    args: [{ name: 'time', type: 'duration', doc: 'until it has its whole share', min: 1000, max: DAY }],
  },
  {
    section: 'backend',
    name: 'servers from',
    doc: 'members of the backend that are found while it runs',
    example: 'servers from dns "app.internal" port 8080',
    slot: 'discovery',
    isRepeatable: true,
    args: [
      {
        name: 'weight',
        type: 'number',
        before: 'weight',
        doc: 'the share of a server whose source says none',
        default: 1,
        min: 0,
        max: 256,
      },
      {
        name: 'max',
        type: 'number',
        before: 'max',
        doc: 'the most requests at once for a server whose source says nothing; 0: no limit',
        default: 0,
        min: 0,
        max: 1_000_000,
      },
      { name: 'backup', type: 'flag', before: 'backup', doc: 'all of them are backups', isOptional: true },
      {
        name: 'most',
        type: 'number',
        before: 'at most',
        doc: 'the most servers; an answer with more of them is refused as a whole',
        default: 1000,
        min: 1,
        max: 10_000,
      },
      {
        name: 'grace',
        type: 'duration',
        before: 'grace',
        doc: 'how long a server stays that is missing from good answers; default: 30s for dns, or else none',
        isOptional: true,
        min: 0,
        max: DAY,
      },
      {
        name: 'keep',
        type: 'duration',
        before: 'keep',
        doc: 'how long servers stay while there is no good answer; 0s: for ever; default: 1h for dns, or else for ever',
        isOptional: true,
        min: 0,
        max: 30 * DAY,
      },
      {
        name: 'wait',
        type: 'duration',
        before: 'wait',
        doc: 'how long a start or a reload waits for the first answer',
        default: 5000,
        min: 0,
        max: 60_000,
      },
    ],
  },
  {
    section: 'backend',
    name: 'balance',
    doc: 'how a server is picked',
    example: 'balance round-robin',
    slot: 'balance',
    args: [],
  },
  {
    section: 'backend',
    name: 'stick',
    doc: 'sends a client back to the server it had',
    example: 'stick on cookie sid',
    slot: 'stick',
    args: [],
  },
  {
    section: 'backend',
    name: 'check',
    doc: 'probes every server, and leaves out those that fail',
    example: 'check GET /healthz every 2s timeout 1s fall 3 rise 2',
    slot: 'check',
    args: [
      {
        name: 'every',
        type: 'duration',
        before: 'every',
        doc: 'from one probe to the next',
        default: 2000,
        min: 10,
        max: DAY,
      },
      {
        name: 'changing',
        type: 'duration',
        before: 'while changing every',
        doc: 'the same between the first result that differs and the change of state; by default no shorter',
        isOptional: true,
        min: 10,
        max: DAY,
      },
      {
        name: 'timeout',
        type: 'duration',
        before: 'timeout',
        doc: 'the longest a probe may take',
        default: 1000,
        min: 1,
        max: DAY,
      },
      {
        name: 'fall',
        type: 'number',
        before: 'fall',
        doc: 'failures in a row that stop a server',
        default: 3,
        min: 1,
        max: 1000,
      },
      {
        name: 'rise',
        type: 'number',
        before: 'rise',
        doc: 'passes in a row that start it again',
        default: 2,
        min: 1,
        max: 1000,
      },
      {
        name: 'jitter',
        type: 'percent',
        before: 'jitter',
        doc: 'by how much each wait varies',
        default: 10,
        min: 0,
        max: 100,
      },
      {
        name: 'port',
        type: 'port',
        before: 'port',
        doc: 'the port to probe, in place of the server’s own',
        default: 0,
      },
      {
        name: 'proxy',
        type: 'name',
        before: 'send proxy',
        doc: 'begins each probe with a PROXY header of this version',
        choices: ['v1', 'v2'],
        isOptional: true,
      },
      {
        name: 'plain',
        type: 'flag',
        before: 'without tls',
        doc: 'probes speak no TLS although the backend does',
        isOptional: true,
      },
    ],
  },
  {
    section: 'backend',
    name: 'protocol',
    doc: 'what is spoken to the servers',
    example: 'protocol http2',
    args: [
      {
        name: 'name',
        type: 'name',
        doc: '`http2`: many requests share a connection, as gRPC servers want it; `http1`: the default',
        choices: ['http1', 'http2'],
      },
    ],
  },
  {
    section: 'backend',
    name: 'servers lax',
    doc: 'takes answers that break HTTP’s rules in harmless ways: blanks behind a chunk size, folded headers, one length said twice',
    example: 'servers lax',
    args: [],
  },
  {
    section: 'backend',
    name: 'tls',
    doc: 'speaks TLS to the servers',
    example: 'tls bridge ca "certs/internal-ca.pem" name api.internal',
    slot: 'server tls',
    args: [],
  },
  {
    section: 'backend',
    name: 'send proxy',
    doc: 'begins each connection to a server with a PROXY header that says who the client is',
    example: 'send proxy v2 with checksum',
    args: [
      {
        name: 'version',
        type: 'name',
        doc: 'v1 is a line of text, v2 is binary and also says what TLS the client spoke',
        choices: ['v1', 'v2'],
        default: 'v2',
      },
      {
        name: 'id',
        type: 'flag',
        before: 'with id',
        doc: 'version 2: names the client’s connection by 16 random bytes, or as the proxy before us named it',
        isOptional: true,
      },
      {
        name: 'checksum',
        type: 'flag',
        before: 'with checksum',
        doc: 'version 2: adds a CRC32c',
        isOptional: true,
      },
      {
        name: 'bare',
        type: 'flag',
        before: 'without tls',
        doc: 'version 2: leaves out the name, the protocol and the TLS of the client',
        isOptional: true,
      },
    ],
  },
  {
    section: 'backend',
    name: 'eject',
    doc: 'takes a server out for a while when real requests to it fail',
    example: 'eject after 5 failures for 10s at most 50%',
    args: [
      ...FAILURE_ARGS,
      {
        name: 'time',
        type: 'duration',
        before: 'for',
        doc: 'how long the first time; the second time in a row twice as long, and so on',
        default: 10_000,
        min: 100,
        max: DAY,
      },
      {
        name: 'longest',
        type: 'duration',
        before: 'up to',
        doc: 'the longest time',
        default: 300_000,
        min: 100,
        max: DAY,
      },
      {
        name: 'most',
        type: 'percent',
        before: 'at most',
        doc: 'the share of the servers that may be out, whatever put them there',
        default: 50,
        min: 1,
        max: 100,
      },
    ],
  },
  {
    section: 'backend',
    name: 'break circuit',
    doc: 'leaves the whole backend alone for a while when requests to it fail',
    example: 'break circuit over 50% errors of 20 in 10s for 5s',
    args: [
      ...FAILURE_ARGS,
      {
        name: 'time',
        type: 'duration',
        before: 'for',
        doc: 'how long, until one request is tried',
        default: 5000,
        min: 100,
        max: DAY,
      },
    ],
  },
  {
    section: 'backend',
    name: 'retry',
    doc: 'sends a request again, where that is safe',
    example: 'retry 3 on connect-failure, 503 using another server at most 20%',
    args: [
      { name: 'times', type: 'number', doc: 'the most attempts after the first', min: 0, max: 20 },
      { name: 'on', type: 'causes', before: 'on', doc: '`connect-failure`, or statuses', isOptional: true },
      {
        name: 'another',
        type: 'flag',
        before: 'using another server',
        doc: 'never the same server twice',
        isOptional: true,
      },
      {
        name: 'share',
        type: 'percent',
        before: 'at most',
        doc: 'the share of recent requests that may be sent again; 20% by default',
        isOptional: true,
        min: 0,
        max: 100,
      },
      {
        name: 'least',
        type: 'rate',
        before: 'at least',
        doc: 'so many may be, however few requests there are; 10/s by default',
        isOptional: true,
      },
    ],
  },
  {
    section: 'backend',
    name: 'on down',
    doc: 'what becomes of open requests and tunnels on a server that goes down',
    example: 'on down close',
    args: [
      {
        name: 'fate',
        type: 'name',
        doc: '`keep`: they go on, which is the default; `close`: tried on another server where safe, or ended',
        choices: ['keep', 'close'],
      },
    ],
  },
  {
    section: 'backend',
    name: 'timeout',
    doc: 'how long the servers may take',
    example: 'timeout connect 5s, response 30s',
    isRepeatable: true,
    args: [
      duration('connect', 'until a connection stands'),
      duration('response', 'until the answer’s head, and between two pieces of it'),
      duration('idle', 'a pooled connection with nothing to do'),
      duration('tunnel', 'a tunnel in which nothing moves'),
      duration('queue', 'waiting for a full server'),
    ],
  },
  {
    section: 'backend',
    name: 'fall back to',
    doc: 'sends requests to another backend while too few servers take new clients',
    example: 'fall back to sorry when healthy below 1',
    args: [
      { name: 'to', type: 'backend', doc: 'the other backend' },
      {
        name: 'below',
        type: 'number',
        before: 'when healthy below',
        doc: 'servers that are up, ready and of a weight above 0',
        default: 1,
        min: 1,
        max: 16_384,
      },
    ],
  },
  {
    section: 'backend',
    name: 'serve',
    doc: 'answers in place of servers',
    example: 'serve files "/srv/sorry" status 503',
    slot: 'serve',
    args: [],
  },
  {
    section: 'backend',
    name: 'serve site',
    doc: 'a website that is known by its host name, such as one in an object store; cookies and credentials are not sent there',
    example: 'serve site "http://sorry.example.net"',
    args: [{ name: 'url', type: 'text', doc: '`http://` or `https://`, a host name, and perhaps a port' }],
  },
  {
    section: 'settings',
    name: 'threads',
    doc: 'data threads; 0: the caller’s own event loop',
    example: 'threads 4',
    args: [{ name: 'count', type: 'number', doc: 'threads', min: 0, max: 256 }],
  },
  {
    section: 'settings',
    name: 'drain',
    doc: 'how long a stop waits for open requests',
    example: 'drain 30s',
    args: [{ name: 'time', type: 'duration', doc: 'the longest wait', min: 0, max: DAY }],
  },
  {
    section: 'settings',
    name: 'connections at most',
    doc: 'the most open client connections of all listeners together',
    example: 'connections at most 10000',
    args: [{ name: 'count', type: 'number', doc: 'connections', min: 1, max: 10_000_000 }],
  },
  {
    section: 'settings',
    name: 'probes at most',
    doc: 'how many health checks may be under way at once',
    example: 'probes at most 256',
    args: [{ name: 'count', type: 'number', doc: 'probes', min: 1, max: 10_000 }],
  },
  {
    section: 'settings',
    name: 'look up names',
    doc: 'whom to ask for the addresses of servers’ names, and how long answers hold whatever their ttl',
    example: 'look up names by 10.0.0.53, 10.0.1.53 ttl at most 30s',
    args: [
      {
        name: 'servers',
        type: 'resolvers',
        before: 'by',
        doc: 'DNS servers, tried in turn; by default those of the system',
        isOptional: true,
      },
      {
        name: 'least',
        type: 'duration',
        before: 'ttl at least',
        doc: '1 s by default',
        isOptional: true,
        min: 100,
        max: DAY,
      },
      {
        name: 'most',
        type: 'duration',
        before: 'ttl at most',
        doc: '60 s by default',
        isOptional: true,
        min: 100,
        max: DAY,
      },
    ],
  },
  {
    section: 'settings',
    name: 'test before reload',
    doc: 'runs the tests of the rules before they are put in force; when one fails, the running rules go on',
    example: 'test before reload',
    args: [],
  },
  {
    section: 'settings',
    name: 'admin',
    doc: 'serves the admin API, for `sluice ctl`, scripts and monitoring',
    example: 'admin on 127.0.0.1:9900',
    args: [
      { name: 'address', type: 'bind', before: 'on', doc: 'loopback or `unix:/path`; any other needs a token' },
      {
        name: 'token',
        type: 'text',
        before: 'token',
        doc: 'what callers must show, as a secret: `token secret "admin-token"`',
        isOptional: true,
      },
    ],
  },
  {
    section: 'settings',
    name: 'certificates from',
    doc: 'where the certificates come from that the gateway gets by itself',
    example: 'certificates from acme letsencrypt email ops@example.com agree to terms',
    slot: 'certificates',
    isRepeatable: true,
    args: [],
  },
  {
    section: 'settings',
    name: 'secrets',
    doc: 'the folder that has a file for each secret',
    example: 'secrets from "/run/secrets"',
    args: [{ name: 'folder', type: 'file', before: 'from', doc: 'a folder' }],
  },
  {
    section: 'settings',
    name: 'log access json',
    doc: 'writes a line of JSON for each request',
    example: 'log access json to "access.log"',
    args: [{ name: 'file', type: 'file', before: 'to', doc: 'the file' }],
  },
];

/** SETTINGS are the base settings by section and name. */
export const SETTINGS: Readonly<Record<SectionKind, PhraseTable<SettingWord>>> = {
  listener: new PhraseTable(),
  backend: new PhraseTable(),
  settings: new PhraseTable(),
};
for (const word of SETTING_WORDS) SETTINGS[word.section].set(word.name, word);
