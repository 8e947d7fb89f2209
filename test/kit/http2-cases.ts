/**
 * Http2Cases runs tables of what HTTP/2 clients may send, case by case, each on a connection of its own; and what such tables are written with. Test code.
 */
import { after, afterEach, before, describe, test } from 'node:test';
import { plainRules, startGateway } from './gateway.ts';
import type { Http2Case } from './http2-outcome.ts';
import { ended } from './http2-outcome.ts';
import { FLAG, FRAME, fieldBlock, GET, Http2Wire, type Pairs, uint32 } from './http2-wire.ts';
import { ok, RawServer } from './raw-server.ts';
import { eventually } from './waiting.ts';
import { type Address, connectTo } from './wire.ts';

/** A head, and nothing behind it. */
export const WHOLE = FLAG.END_HEADERS | FLAG.END_STREAM;
/** GET_BLOCK is the field block of a good request. */
export const GET_BLOCK = fieldBlock(GET);
export const POST: Pairs = GET.map(([name, value]) => [name, name === ':method' ? 'POST' : value]);

/** replaced is GET with one field another. */
export const replaced = (name: string, value: string): Pairs =>
  GET.map((pair) => (pair[0] === name ? [name, value] : pair));

/** priority is a stream's priority: whom it depends on, and its weight. */
export const priority = (dependency: number, weight = 15): Buffer =>
  Buffer.concat([uint32(dependency), Buffer.from([weight])]);

export const row = (what: string, act: Http2Case['act'], wanted: Http2Case['wanted']): Http2Case => ({
  what,
  act,
  wanted,
});

/** slow asks what the server behind never answers, so that its stream stays open. */
export const slow = (wire: Http2Wire, stream = 1, isEnd = true): Http2Wire =>
  wire.ask(stream, replaced(':path', '/slow'), isEnd);

/** upload begins a request whose body is to come. */
export const upload = (wire: Http2Wire, stream = 1): Http2Wire => wire.ask(stream, POST, false);

/** afterEnd asks, and sends something once the stream has ended on both sides. */
export async function afterEnd(wire: Http2Wire, send: () => unknown, stream = 1): Promise<void> {
  await ended(wire.ask(stream), stream);
  send();
}

/** acked waits until the gateway has acknowledged settings. */
export const acked: Http2Case['wanted'] = (wire) =>
  wire.until(({ type, flags }) => type === FRAME.SETTINGS && (flags & FLAG.ACK) === FLAG.ACK);

/** Stage is where cases are played: a gateway that denies `/gone`, and a server behind that never answers `/slow`. */
export interface Http2Stage {
  readonly address: Address;
  /** What the server has received in the case that runs, as latin1. */
  readonly received: string;
}

/** testCases registers a test for each case, by section. After each, nothing may be open any more. */
export function testCases(sections: Readonly<Record<string, readonly Http2Case[]>>): Http2Stage {
  let server: RawServer;
  let running: Awaited<ReturnType<typeof startGateway>>;
  let wire: Http2Wire | null = null;
  before(async () => {
    server = await RawServer.start();
    running = await startGateway(plainRules([server.address], 'deny when path is /gone'));
  });
  after(async () => {
    await running?.stop();
    await server?.stop();
  });
  afterEach(async () => {
    wire?.wire.destroy();
    wire = null;
    await eventually('nothing to be open', () => {
      const { listeners, backends } = running.gateway.stats();
      return listeners[0]!.openConnections === 0 && backends[0]!.servers[0]!.open === 0;
    });
  });
  const play = (): void =>
    server.play(async (each) => {
      for (;;) {
        const { method, target } = await each.request();
        if (target === '/slow') return;
        each.send(method === 'HEAD' ? 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n' : ok(`${target} and more`));
      }
    });
  for (const [section, cases] of Object.entries(sections)) {
    describe(section, () => {
      for (const { what, act, wanted } of cases) {
        test(what, async () => {
          play();
          wire = new Http2Wire(await connectTo(running.address)).greet();
          await acked(wire);
          wire.frame(FRAME.SETTINGS, FLAG.ACK, 0);
          await act(wire);
          await wanted(wire);
        });
      }
    });
  }
  return {
    get address() {
      return running.address;
    },
    get received() {
      return server.received;
    },
  };
}
