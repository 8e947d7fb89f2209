/**
 * Floods of HTTP/2 on two threads: whoever sends one is told to calm down, in order, while clients beside it are answered; memory stays
 * what it was, and nothing is left behind.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  AdminClient,
  connectTo,
  ERROR,
  eventually,
  FLAG,
  FRAME,
  fieldBlock,
  frame,
  GET,
  Http2Wire,
  ok,
  type Pairs,
  RawServer,
  runSluice,
  type SluiceProcess,
  setting,
  temporaryFolder,
  uint32,
} from '../kit/index.ts';

const LIMIT = { timeout: 90_000 };
const end = FLAG.END_HEADERS | FLAG.END_STREAM;
const big = 'x'.repeat(300_000);

let server: RawServer;
let gateway: SluiceProcess;
let admin: AdminClient;

before(async () => {
  server = await RawServer.start(async (wire) => {
    for (;;) {
      const { target } = await wire.request();
      wire.forget().send(ok(target === '/big' ? big : 'ok'));
    }
  });
  const path = join(temporaryFolder(), 'admin.sock');
  const rules = (port: number): string => `listener web on 127.0.0.1:${port} {
  timeout client 500ms
  deny path under /no
  otherwise send to app
}
backend app of 127.0.0.1:${server.address.port}
`;
  gateway = await runSluice(rules, '--threads', '2', '--no-supervisor', '--admin', `unix:${path}`);
  admin = new AdminClient({ path });
});
after(async () => {
  await gateway?.stop();
  await server?.stop();
});

async function open(settings?: Buffer): Promise<Http2Wire> {
  return new Http2Wire(await connectTo(gateway.address)).greet(settings);
}

/** Megabytes that the gateway has in memory. */
function megabytes(): number {
  const status = readFileSync(`/proc/${gateway.program.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1024;
}

async function isOver(): Promise<void> {
  await eventually('everything to be given back', async () => {
    const { listeners, backends } = (await admin.get('/v1/stats')).json;
    return listeners[0].openConnections === 0 && backends[0].servers[0].open === 0;
  });
}

const replaced = (name: string, value: string): Pairs => GET.map((pair) => (pair[0] === name ? [name, value] : pair));
const many = (count: number, make: (at: number) => Buffer): Buffer =>
  Buffer.concat(Array.from({ length: count }, (_, at) => make(at)));
const ask = (at: number, pairs: Pairs = GET, flags = end): Buffer =>
  frame(FRAME.HEADERS, flags, 2 * at + 1, fieldBlock(pairs));
const post = replaced(':method', 'POST');

/** What is sent on each connection; all of it ends with ENHANCE_YOUR_CALM. */
const FLOODS: Readonly<Record<string, () => Buffer>> = {
  'requests that are reset at once': () =>
    many(1000, (at) => Buffer.concat([ask(at), frame(FRAME.RST_STREAM, 0, 2 * at + 1, uint32(ERROR.CANCEL))])),
  'requests that the gateway is made to reset, by a window opened by nothing': () =>
    many(1000, (at) =>
      Buffer.concat([ask(at, post, FLAG.END_HEADERS), frame(FRAME.WINDOW_UPDATE, 0, 2 * at + 1, uint32(0))]),
    ),
  'requests that the gateway is made to reset, by trailers that are none': () =>
    many(1000, (at) =>
      Buffer.concat([
        ask(at, post, FLAG.END_HEADERS),
        frame(FRAME.HEADERS, end, 2 * at + 1, fieldBlock([[':path', '/']])),
      ]),
    ),
  'requests with another body than they say': () =>
    many(2000, (at) =>
      Buffer.concat([
        ask(at, [...post, ['content-length', '3']], FLAG.END_HEADERS),
        frame(FRAME.DATA, FLAG.END_STREAM, 2 * at + 1, 'four'),
      ]),
    ),
  'more streams than may be open': () => many(1000, (at) => ask(at, post, FLAG.END_HEADERS)),
  'pieces of a field block': () =>
    Buffer.concat([
      frame(FRAME.HEADERS, 0, 1, fieldBlock(GET)),
      many(1000, () => frame(FRAME.CONTINUATION, 0, 1, 'x')),
    ]),
  pings: () => many(8000, () => frame(FRAME.PING, 0, 0, Buffer.alloc(8))),
  settings: () => many(1000, () => frame(FRAME.SETTINGS, 0, 0)),
  'settings with thousands of entries': () => {
    const entries = many(2700, (at) => setting(4, 65_535 + (at % 2)));
    return Buffer.concat([
      many(100, (at) => ask(at, replaced(':path', '/big'))),
      many(30, () => frame(FRAME.SETTINGS, 0, 0, entries)),
    ]);
  },
  priorities: () => many(8000, () => frame(FRAME.PRIORITY, 0, 1, Buffer.alloc(5))),
  'frames that nobody knows': () => many(8000, (at) => frame(32 + (at % 200), 255, at, 'x')),
  'empty DATA': () => Buffer.concat([ask(0, post, FLAG.END_HEADERS), many(8000, () => frame(FRAME.DATA, 0, 1))]),
  'windows opened by one byte': () => many(8000, () => frame(FRAME.WINDOW_UPDATE, 0, 0, uint32(1))),
  farewells: () =>
    Buffer.concat([ask(0, post, FLAG.END_HEADERS), many(8000, () => frame(FRAME.GOAWAY, 0, 0, Buffer.alloc(8)))]),
};

/** Clients on both threads that ask one thing after another; every one must be answered. */
async function honest(whileAnyOf: () => void): Promise<void> {
  await Promise.all(
    Array.from({ length: 6 }, async () => {
      const wire = await open();
      for (let at = 0; at < 15; at++) assert.equal(await wire.ask(2 * at + 1).status(2 * at + 1), 200);
      wire.wire.destroy();
    }),
  );
  whileAnyOf();
}

for (const [what, make] of Object.entries(FLOODS)) {
  test(`${what}: the flood is ended, and others are answered meanwhile`, LIMIT, async () => {
    const bytes = make();
    let isDone = false;
    let floods = 0;
    const flooding = [1, 2, 3].map(async () => {
      // At least once, and on and on until the others have what they asked for.
      do {
        const wire = await open();
        wire.wire.send(bytes);
        assert.equal(await wire.goneWith(), ERROR.ENHANCE_YOUR_CALM);
        floods++;
        wire.wire.destroy();
      } while (!isDone);
    });
    await honest(() => {
      isDone = true;
    });
    await Promise.all(flooding);
    assert.ok(floods >= 3);
    await isOver();
  });
}

test('a body that comes byte by byte arrives whole, and costs no more memory than its bytes', LIMIT, async () => {
  const count = 200_000;
  const own = await RawServer.start(async (wire) => {
    const request = await wire.request();
    wire.send(ok(String(request.body.length)));
  });
  const file = gateway.file;
  assert.ok(file);
  const slow = await runSluice(
    (port) => `listener web on 127.0.0.1:${port} { otherwise send to app }
backend app of 127.0.0.1:${own.address.port}
`,
    '--threads',
    '2',
  );
  try {
    const wire = new Http2Wire(await connectTo(slow.address)).greet();
    wire.ask(1, post, false);
    let left = count;
    let window = 65_535;
    const send = (): void => {
      const size = Math.min(left, window);
      if (size <= 0) return;
      left -= size;
      window -= size;
      wire.wire.send(
        many(size, (at) => frame(FRAME.DATA, left === 0 && at === size - 1 ? FLAG.END_STREAM : 0, 1, 'x')),
      );
    };
    // The gateway's settings, in which the stream's window is larger, come first.
    await wire.until(({ type }) => type === FRAME.WINDOW_UPDATE);
    window = 262_144;
    send();
    assert.equal(await wire.status(1), 200);
    const { payload } = await wire.until(({ type }) => type === FRAME.DATA);
    assert.equal(payload.toString(), String(count));
    wire.wire.destroy();
  } finally {
    await slow.stop();
    await own.stop();
  }
});

test('clients that open many streams and no window are cut off in time, and others are answered', LIMIT, async () => {
  const before = megabytes();
  const wires = await Promise.all([1, 2, 3, 4].map(() => open(setting(4, 0))));
  for (const wire of wires) wire.wire.send(many(100, (at) => ask(at, replaced(':path', '/big'))));
  await honest(() => {});
  for (const wire of wires) {
    assert.equal(await wire.resetWith(1), ERROR.CANCEL);
    wire.wire.destroy();
  }
  await isOver();
  assert.ok(megabytes() < before + 250, `${before} to ${megabytes()} MB`);
});

test('a client that never reads its responses is no longer read', LIMIT, async () => {
  const before = megabytes();
  const wire = await connectTo(gateway.address);
  wire.socket.pause();
  const client = new Http2Wire(wire).greet(setting(4, 0x7fffffff));
  const isTaken = (at: number): boolean =>
    wire.send(many(1000, (index) => ask(at * 1000 + index, replaced(':path', '/no')))).socket.writableLength < 8 << 20;
  let sent = 0;
  while (isTaken(sent) && sent < 400) {
    sent++;
    await new Promise((resolve) => setImmediate(resolve));
  }
  await honest(() => {});
  assert.ok(megabytes() < before + 200, `${before} to ${megabytes()} MB`);
  client.wire.destroy();
  await isOver();
});

test('all floods together have left memory as it was', LIMIT, async () => {
  assert.ok(megabytes() < 600, `${megabytes()} MB`);
  const other = await open();
  assert.equal(await other.ask(1).status(1), 200);
  other.wire.destroy();
  await isOver();
});
