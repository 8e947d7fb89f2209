/**
 * LogField: what a format of one's own may hold of a request that has ended: `log access "{client.ip} {status}" to …`. Both planes.
 *
 * Besides these it takes `{header.NAME}`, `{cookie.NAME}`, and what a vocabulary knows of a connection or a request, such as
 * `{tls.version}`.
 */
export interface LogField {
  /** As written between the braces. */
  readonly name: string;
  readonly doc: string;
  /** The member of a JSON line that holds the same; '': none does. */
  readonly json: string;
}

/** LOG_FIELDS are the fields without a key, in the order of the documentation. What is not known is written as `-`. */
export const LOG_FIELDS = [
  { name: 'time', json: 'ts', doc: 'when the head of the request was complete: RFC 3339, UTC, with milliseconds' },
  { name: 'time.ms', json: '', doc: 'the same in milliseconds since 1970' },
  { name: 'time.clf', json: '', doc: 'the same as the Common Log Format has it: `01/Mar/2026:12:00:00 +0000`' },
  { name: 'request.id', json: 'id', doc: 'the request ID' },
  {
    name: 'trace.id',
    json: 'trace',
    doc: 'the ID of the trace that the request is part of (`trace sample …`)',
  },
  { name: 'listener', json: 'listener', doc: 'the listener’s name' },
  { name: 'client.ip', json: 'client', doc: 'the client address: the peer, or the client named by a trusted peer' },
  { name: 'client.port', json: 'clientPort', doc: 'the port of the peer, or of the client that a PROXY header names' },
  { name: 'peer.ip', json: 'peer', doc: 'the address of the connection, or of the client that a PROXY header names' },
  { name: 'connection.id', json: 'connection', doc: 'the ID of the client’s connection' },
  { name: 'connection.request', json: 'requestOnConnection', doc: 'which request on its connection it was, from 1' },
  { name: 'method', json: 'method', doc: 'as the client sent it' },
  { name: 'scheme', json: 'scheme', doc: '`http`, `https`, or `tcp` for a connection to a `tcp` listener' },
  { name: 'host', json: 'host', doc: 'lower case, without port' },
  { name: 'port', json: 'port', doc: 'the port that the client connected to' },
  { name: 'target', json: '', doc: 'the request target as the client sent it' },
  { name: 'path', json: 'path', doc: 'normalised and percent-encoded, before any rewrite' },
  { name: 'query', json: 'query', doc: 'without the `?`' },
  { name: 'version', json: 'version', doc: '`HTTP/1.0`, `HTTP/1.1` or `HTTP/2.0`' },
  { name: 'sni', json: 'sni', doc: 'the server name that the client asked for in its TLS hello' },
  { name: 'alpn', json: '', doc: 'the protocol that was agreed upon by ALPN' },
  { name: 'status', json: 'status', doc: 'the status sent to the client' },
  { name: 'refused', json: 'refused', doc: 'why it was refused before any rule ran, or while its body arrived' },
  { name: 'aborted', json: 'aborted', doc: 'why it ended before its response was complete' },
  { name: 'ended.by', json: 'ended.by', doc: 'who ended it, if it went wrong: `client`, `server` or `gateway`' },
  {
    name: 'ended.in',
    json: 'ended.in',
    doc: 'in which phase: `request`, `rules`, `queue`, `connect`, `tls`, `wait`, `response`, `tunnel`',
  },
  {
    name: 'bytes.in',
    json: 'bytesIn',
    doc: 'bytes received from the client: heads, bodies and their framing, without TLS',
  },
  {
    name: 'bytes.out',
    json: 'bytesOut',
    doc: 'bytes sent to the client: heads, bodies and their framing, without TLS',
  },
  { name: 'body.out', json: 'bodyOut', doc: 'the same without heads' },
  { name: 'rule', json: 'rule', doc: 'the rule that decided, as `file:line:column`' },
  { name: 'backend', json: 'backend', doc: 'the backend that it was sent to' },
  { name: 'server', json: 'server', doc: 'the server that answered, or was tried last' },
  { name: 'server.address', json: 'serverAddress', doc: 'the address of that server, as written' },
  { name: 'retries', json: 'retries', doc: 'attempts after the first' },
  {
    name: 'queue.position',
    json: 'queuePosition',
    doc: 'how many requests waited when it began to wait for a server, itself included',
  },
  { name: 'duration', json: 'timings.totalMs', doc: 'milliseconds from the end of the request’s head to the end' },
  { name: 'duration.queue', json: 'timings.queueMs', doc: 'of these, spent waiting for a server with room' },
  {
    name: 'duration.connect',
    json: 'timings.connectMs',
    doc: 'spent connecting to the last server, without TLS; `-`: a kept connection served',
  },
  { name: 'duration.tls', json: 'timings.tlsMs', doc: 'spent in the TLS handshake with that server' },
  {
    name: 'duration.response',
    json: 'timings.responseMs',
    doc: 'from the end of the request’s head to the head of the server’s response',
  },
] as const satisfies readonly LogField[];

/** LogFieldName is the name of one of them. */
export type LogFieldName = (typeof LOG_FIELDS)[number]['name'];

/** RESPONSE_HEADER is the field with a key of its own: `{response.header.NAME}`, a header of the response as the server sent it. */
export const RESPONSE_HEADER = 'response.header';
