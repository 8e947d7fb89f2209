/**
 * The transport of Node's sockets does what every transport has to.
 */
import { connect as connectTls, createSecureContext, TLSSocket, type TLSSocketOptions } from 'node:tls';
import { SocketTransport } from '../../../../src/data/transport/socket/socket-transport.ts';
import { ANONYMOUS, testConnections } from '../connection-table.ts';

const transport = new SocketTransport();
const secureContext = createSecureContext(ANONYMOUS);
const ALPN: TLSSocketOptions = { ALPNProtocols: ['h2', 'http/1.1'] };

testConnections('sockets', () => ({
  transport,
  tlsMode: {
    accept: (socket) => {
      const stream = new TLSSocket(socket, { isServer: true, secureContext, ...ALPN });
      stream.on('error', () => undefined);
      return stream;
    },
    facts: () => ({ version: '1.2', cipher: '', alpn: '', serverName: '', isResumed: false, certificate: null }),
  },
  closedMode: { accept: () => null },
  serverTls: {
    secure: (socket, _server, protocols) =>
      connectTls({
        socket,
        rejectUnauthorized: false,
        checkServerIdentity: () => undefined,
        ...ANONYMOUS,
        ...(protocols.length === 0 ? {} : { ALPNProtocols: [...protocols] }),
      }),
  },
}));
