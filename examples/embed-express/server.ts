/**
 * A gateway inside an Express app: one process, one event loop, one set of rules in front of the app and its neighbours.
 *
 *     node examples/embed-express/server.ts
 */
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { createGateway, type Gateway } from 'sluice';

export interface RunningServer {
  readonly url: string;
  readonly gateway: Gateway;
  stop(): Promise<void>;
}

/** startServer starts the app on a port that only this machine sees, and the gateway in front of it. */
export async function startServer(port: number): Promise<RunningServer> {
  let gateway: Gateway;
  const app = express();
  app.set('trust proxy', 'loopback');
  app.get('/', (request, response) => {
    response.send(`hello ${request.ip}, your request is ${request.get('X-Request-Id')}\n`);
  });
  // The gateway is an object like any other: the app can ask it, drain a server, or reload its rules.
  app.get('/internal/stats', (_request, response) => {
    response.json(gateway.stats().backends.map(({ name, latency, servers }) => ({ name, latency, servers })));
  });

  const inner: Server = app.listen(0, '127.0.0.1');
  await once(inner, 'listening');
  const innerPort = (inner.address() as AddressInfo).port;

  gateway = await createGateway({
    threads: 0, // on this event loop, beside the app
    logger: false,
    rules: `
      listener web on 127.0.0.1:${port} {
        deny 404 when path under /internal and not ip 127.0.0.0/8
        deny method TRACE
        set header X-Request-Id to "{request.id}"
        otherwise send to app
      }
      backend app of 127.0.0.1:${innerPort}
    `,
  });
  await gateway.start();
  const address = gateway.addresses().web;
  if (address === undefined || 'path' in address) throw new Error('the listener has no port');

  return {
    url: `http://127.0.0.1:${address.port}`,
    gateway,
    async stop() {
      await gateway.stop({ deadline: '10s' });
      inner.close();
      inner.closeAllConnections();
    },
  };
}

if (import.meta.main) {
  const { url, stop } = await startServer(8080);
  console.log(`try: curl ${url}/ and curl ${url}/internal/stats; Ctrl-C stops`);
  process.once('SIGINT', () => void stop());
}
