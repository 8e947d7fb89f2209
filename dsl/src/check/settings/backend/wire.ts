/**
 * Wire: what is spoken to servers. Main thread.
 */
import { PATH_READERS_ARG } from '../../../vocabulary/path-words.ts';
import { readersIn } from '../path-readers.ts';
import { backendSetting } from './backend-setting.ts';

export const protocol = backendSetting({
  name: 'protocol',
  doc: 'the protocol used with the servers',
  example: 'protocol http2',
  args: [
    {
      name: 'name',
      type: 'name',
      doc: '`http1` (the default) or `http2`: many requests share a connection, as gRPC requires',
      choices: ['http1', 'http2'],
    },
  ],
  defaults: () => ({ protocol: undefined }),
  why: 'every server speaks HTTP/1.1',
  requestWords: ({ args, span, items }) =>
    args.name === 'http2' ? [['protocol http2', { start: span.start, end: items.at(-1)!.end }]] : [],
  read: ({ args }) => ({ protocol: args.name === 'http2' ? 'http2' : undefined }),
});

export const serversLax = backendSetting({
  name: 'servers lax',
  doc: 'accepts responses that violate HTTP in harmless ways: whitespace after a chunk size, folded headers, the same length twice',
  example: 'servers lax',
  args: [],
  defaults: () => ({ isLax: undefined }),
  why: 'what breaks the rules may be read in two ways',
  // It may have been meant as `servers from`, and says nothing that `serve` contradicts.
  mayAddServers: true,
  fitsServe: true,
  requestWords: ({ span }) => [['servers lax', span]],
  read: () => ({ isLax: true }),
});

export const tls = backendSetting({
  name: 'tls',
  doc: 'uses TLS to the servers',
  example: 'tls bridge ca "certs/internal-ca.pem" name api.internal',
  slot: 'server tls',
  args: [],
  defaults: () => ({ tls: undefined }),
  why: 'servers in a private network seldom speak TLS',
  read: ({ use }) => ({ tls: use }),
});

export const tlsPassthrough = backendSetting({
  name: 'tls passthrough',
  doc: 'its servers terminate TLS themselves: the backend only gets connections that are passed through undecrypted',
  example: 'tls passthrough',
  args: [],
  defaults: () => ({ isPassthrough: undefined }),
  why: 'a backend gets requests that the gateway has read',
  countsAs: () => 'tls',
  read: () => ({ isPassthrough: true }),
});

export const sendProxy = backendSetting({
  name: 'send proxy',
  doc: 'starts each connection to a server with a PROXY header that identifies the client',
  example: 'send proxy v2 with checksum',
  args: [
    {
      name: 'version',
      type: 'name',
      doc: 'v1 is a line of text; v2 is binary and also describes the client’s TLS',
      choices: ['v1', 'v2'],
      default: 'v2',
    },
    {
      name: 'id',
      type: 'flag',
      before: 'with id',
      doc: 'version 2: adds 16 random bytes that identify the client’s connection, or the ID given by the proxy in front of the gateway',
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
      doc: 'version 2: leaves out the client’s SNI, ALPN and TLS details',
      isOptional: true,
    },
  ],
  defaults: () => ({ sendProxy: undefined }),
  why: 'a server that does not expect the header takes it for a bad request',
  read({ scope, args: { version, id, checksum, bare }, spans }) {
    for (const name of version === 'v1' ? ['id', 'checksum', 'bare'] : []) {
      const span = spans.get(name);
      if (span === undefined) continue;
      const word = scope.source.text.slice(span.start, span.end);
      return scope.error('SL0118', span, { word }, 'It belongs to `send proxy v2`');
    }
    return { sendProxy: { version, hasTls: !bare, hasId: id, hasChecksum: checksum } };
  },
});

export const paths = backendSetting({
  name: 'paths',
  doc: 'the kinds of these servers: listeners that send here allow only paths that the servers read as the rules do',
  example: 'paths for tomcat',
  args: [PATH_READERS_ARG],
  // Its listeners' policy follows from it, when all backends are known.
  defaults: () => ({}),
  why: 'what all servers read alike',
  requestWords: ({ span }) => [['paths', span]],
  read({ scope, args, owner }) {
    scope.pathReaders.set(owner.name, readersIn(args));
    return {};
  },
});
