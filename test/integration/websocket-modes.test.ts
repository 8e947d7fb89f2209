/**
 * WebSockets through every mode, with real clients and servers: they live over reloads and drains, and as long as `timeout tunnel` lets them.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { Authority, hasOpenssl } from '@sluice/plugin-kit/tls';
import { createGateway, type Gateway } from 'sluice';
import { WebSocket } from 'ws';
import { eventually, temporaryFolder, WebApp } from '../kit/index.ts';

const LIMIT = 60_000;
const TUNNEL_MS = 3000;

interface Mode {
  readonly name: string;
  readonly isSecure: boolean;
  readonly listener: string;
  readonly backend: string;
  readonly isTcp?: boolean;
  readonly isServerSecure?: boolean;
}

const TERMINATE = 'tls terminate cert "PEM"';
const BRIDGE = 'tls bridge ca "CA" name site.test';
const MODES: readonly Mode[] = [
  { name: 'plain', isSecure: false, listener: '', backend: '' },
  // A WebSocket is HTTP/1.1 to servers, whatever else is spoken to them.
  { name: 'offload', isSecure: true, listener: TERMINATE, backend: '' },
  { name: 'bridge', isSecure: true, listener: TERMINATE, backend: BRIDGE, isServerSecure: true },
  {
    name: 'passthrough',
    isSecure: true,
    listener: 'tls passthrough',
    backend: 'tls passthrough',
    isTcp: true,
    isServerSecure: true,
  },
  { name: 'tcp', isSecure: false, listener: '', backend: '', isTcp: true },
  { name: 'tcp-bridge', isSecure: false, listener: '', backend: BRIDGE, isTcp: true, isServerSecure: true },
];

describe('a WebSocket', { skip: hasOpenssl ? false : 'openssl not installed', timeout: 10 * LIMIT }, () => {
  let authority: Authority;
  let pem: string;
  let gateway: Gateway;
  const apps = new Map<string, WebApp>();
  const open: WebSocket[] = [];

  /** Each mode has two servers, so that one can be taken out, and a second backend whose tunnels may be silent for a second. */
  function rules(more = ''): string {
    const fill = (text: string): string => text.replace('PEM', pem).replace('CA', authority.at('root.crt'));
    return MODES.map(({ name, listener, backend, isTcp }) => {
      const { port } = apps.get(name)!.address;
      const part = (own: string, lines: string): string => `listener ${own} on 127.0.0.1:0${isTcp ? ' tcp' : ''} {
  ${fill(listener)}
  ${isTcp ? '' : more}
  otherwise send to ${own}
}
backend ${own} {
  server one 127.0.0.1:${port}
  ${fill(backend)}
  ${lines}
}`;
      return `${part(name, '')}\n${part(`${name}-short`, `timeout tunnel ${TUNNEL_MS}ms`)}`;
    }).join('\n');
  }

  before(async () => {
    authority = new Authority(temporaryFolder());
    pem = authority.issue('site', ['site.test', '127.0.0.1']);
    for (const { name, isServerSecure } of MODES) {
      apps.set(name, await WebApp.start(name, isServerSecure ? { pem: readFileSync(pem, 'utf8') } : {}));
    }
    gateway = await createGateway({ rules: rules(), threads: 2, logger: false });
    await gateway.start();
  });
  after(async () => {
    for (const socket of open) socket.terminate();
    await gateway?.stop({ deadline: 0 });
    for (const app of apps.values()) await app.stop();
  });

  async function dial({ isSecure }: Mode, listener: string): Promise<WebSocket> {
    const { port } = gateway.addresses()[listener] as { port: number };
    const socket = new WebSocket(`${isSecure ? 'wss' : 'ws'}://127.0.0.1:${port}/socket`, {
      ca: readFileSync(authority.at('root.crt')),
    });
    socket.on('error', () => {});
    open.push(socket);
    await once(socket, 'open');
    return socket;
  }

  async function echo(socket: WebSocket, text: string): Promise<void> {
    socket.send(text);
    const [answer] = await once(socket, 'message');
    assert.equal(String(answer), text);
  }

  for (const mode of MODES) {
    describe(`through ${mode.name}`, () => {
      test('carries messages both ways, small, large and binary, and is closed in good order', {
        timeout: LIMIT,
      }, async () => {
        const socket = await dial(mode, mode.name);
        await echo(socket, 'hello');
        await echo(socket, 'x'.repeat(1_000_000));
        const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, at) => at % 256));
        socket.send(bytes);
        const [answer] = await once(socket, 'message');
        assert.ok(bytes.equals(answer as Buffer));
        socket.close(4001, 'enough');
        const [code, reason] = await once(socket, 'close');
        assert.deepEqual([code, String(reason)], [4001, 'enough']);
      });

      test('lives over a reload', { timeout: LIMIT }, async () => {
        const socket = await dial(mode, mode.name);
        await echo(socket, 'before');
        await gateway.reload({ rules: rules('deny all') });
        await echo(socket, 'after');
        await gateway.reload({ rules: rules() });
        await echo(socket, 'and after that');
        socket.close();
        await once(socket, 'close');
      });

      test('lives over a drain of its server, which ends when it does', { timeout: LIMIT }, async () => {
        const socket = await dial(mode, mode.name);
        await echo(socket, 'before');
        const server = gateway.server(`${mode.name}/one`);
        let isDrained = false;
        const drained = server.drain().then(() => {
          isDrained = true;
        });
        await echo(socket, 'in the drain');
        assert.equal(isDrained, false);
        const { sessions } = await server.sessions({ most: 10 });
        assert.ok(sessions.some(({ kind }) => kind === 'tunnel'));
        socket.close();
        await once(socket, 'close');
        await drained;
        server.ready();
      });
    });
  }

  // All at once, with time to spare: the machine may be busy for a moment.
  test('that is pinged lives longer than `timeout tunnel`, and one in which nothing moves is ended', {
    timeout: LIMIT,
  }, async () => {
    await Promise.all(
      MODES.map(async (mode) => {
        const listener = `${mode.name}-short`;
        const socket = await dial(mode, listener);
        const beganMs = performance.now();
        while (performance.now() - beganMs < 2 * TUNNEL_MS) {
          socket.ping();
          await once(socket, 'pong');
          // The next ping comes well within the time.
          await new Promise((resolve) => setTimeout(resolve, TUNNEL_MS / 10));
        }
        assert.equal(socket.readyState, WebSocket.OPEN, mode.name);
        const [code] = await once(socket, 'close');
        assert.equal(code, 1006, 'without a word of the other side');
        await eventually('nothing to be open', () =>
          gateway.stats().listeners.every(({ name, openConnections }) => name !== listener || openConnections === 0),
        );
      }),
    );
  });

  test('of a browser may finish during a stop, until its deadline', { timeout: LIMIT }, async () => {
    const [mode] = MODES;
    const own = await createGateway({ rules: rules(), threads: 1, logger: false });
    await own.start();
    const { port } = own.addresses()[mode!.name] as { port: number };
    const socket = new globalThis.WebSocket(`ws://127.0.0.1:${port}/socket`);
    await once(socket, 'open');
    const stopped = own.stop({ deadline: '20s' });
    socket.send('in the stop');
    const [{ data }] = (await once(socket, 'message')) as [{ data: string }];
    assert.equal(data, 'in the stop');
    socket.close();
    assert.equal((await stopped).cut, 0);
  });
});
