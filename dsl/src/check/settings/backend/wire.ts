/**
 * Wire: what is spoken to servers. Main thread.
 */
import { PATH_READERS_ARG } from '../../../vocabulary/path-words.ts';
import { readersIn } from '../path-readers.ts';
import { backendSetting } from './backend-setting.ts';

export const protocol = backendSetting({
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
  defaults: () => ({ protocol: undefined }),
  why: 'every server speaks HTTP/1.1',
  requestWords: ({ args, span, items }) =>
    args.name === 'http2' ? [['protocol http2', { start: span.start, end: items.at(-1)!.end }]] : [],
  read: ({ args }) => ({ protocol: args.name === 'http2' ? 'http2' : undefined }),
});

export const serversLax = backendSetting({
  name: 'servers lax',
  doc: 'takes answers that break HTTP’s rules in harmless ways: blanks behind a chunk size, folded headers, one length said twice',
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
  doc: 'speaks TLS to the servers',
  example: 'tls bridge ca "certs/internal-ca.pem" name api.internal',
  slot: 'server tls',
  args: [],
  defaults: () => ({ tls: undefined }),
  why: 'servers in a private network seldom speak TLS',
  read: ({ use }) => ({ tls: use }),
});

export const tlsPassthrough = backendSetting({
  name: 'tls passthrough',
  doc: 'its servers terminate TLS themselves: it only gets connections that are passed through undecrypted',
  example: 'tls passthrough',
  args: [],
  defaults: () => ({ isPassthrough: undefined }),
  why: 'a backend gets requests that the gateway has read',
  countsAs: () => 'tls',
  read: () => ({ isPassthrough: true }),
});

export const sendProxy = backendSetting({
  name: 'send proxy',
  doc: 'begins each connection to a server with a PROXY header that names the client',
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
  doc: 'the kinds of servers these are: listeners that send here allow only paths that they read as the rules do',
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
