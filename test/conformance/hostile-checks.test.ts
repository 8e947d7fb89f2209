/**
 * Health checks and servers that mean no good: whatever comes, or does not, a probe ends with a result, and in time.
 */
import assert from 'node:assert/strict';
import { createServer, type Server, type Socket } from 'node:net';
import { after, test } from 'node:test';
import type { HealthCheck, ProbeResult } from '@sluice/core';
import { standard } from '@sluice/standard';
import { chooser, eachSeed } from '../kit/index.ts';

const OPTIONS = {
  http: { method: 'GET', uri: '/', contains: 'well', insecure: false },
  https: { method: 'GET', uri: '/', insecure: true },
  mysql: { user: 'probe' },
  postgresql: { user: 'probe' },
  ldap: {},
  redis: { password: 'x' },
} as const;
type Kind = keyof typeof OPTIONS;
const KINDS = Object.keys(OPTIONS) as Kind[];

function checkOf(kind: string): HealthCheck {
  const components = standard.flatMap((plugin) => plugin.components ?? []);
  return components.find(({ slot, name }) => slot === 'check' && name === kind)!.check!;
}

/** What a well server of each protocol says, in one go. */
const WELL: Readonly<Record<Kind, string>> = {
  http: 'HTTP/1.1 200 OK\r\nServer: x\r\nTransfer-Encoding: chunked\r\n\r\n9;a=b\r\nall well.\r\n0\r\n\r\n',
  https: '\x16\x03\x03\x00\x31\x02\x00\x00\x2d\x03\x03',
  mysql:
    'N\x00\x00\x00\x0a10.11.6-MariaDB\x00\x01\x00\x00\x00abcdefgh\x00\xff\xf7\x2d\x02\x00\xff\x81\x15' +
    '\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00ijklmnopqrst\x00mysql_native_password\x00' +
    '\x07\x00\x00\x02\x00\x00\x00\x02\x00\x00\x00',
  postgresql: 'R\0\0\0\x08\0\0\0\0S\0\0\0\x15client\0UTF8\0\0\0\0\0\0Z\0\0\0\x05I',
  ldap: '\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00',
  redis: '+OK\r\n+PONG\r\n',
};

type Script = (socket: Socket) => void;
const sockets = new Set<Socket>();
let script: Script = () => {};
let server: Server;
const port = await new Promise<number>((resolve) => {
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    socket.resume();
    script(socket);
  }).listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
});
after(() => {
  for (const socket of sockets) socket.destroy();
  server.close();
});

function probe(kind: Kind, play: Script, signal: AbortSignal): Promise<ProbeResult> {
  script = play;
  const target = { backend: 'app', server: 'a', address: { host: '127.0.0.1', port } };
  return checkOf(kind).probe(target, OPTIONS[kind], signal);
}

function assertResult({ status, reason }: ProbeResult): void {
  assert.ok(['passed', 'failed', 'condpass', 'neutral'].includes(status), status);
  assert.match(reason, /^[^\p{Cc}]{1,300}$/u);
}

/** What each server does; `isSilent`: the probe ends by its time alone, which comes once the server has done it. */
const SERVERS: readonly { readonly name: string; readonly isSilent?: boolean; readonly play: Script }[] = [
  { name: 'hangs up at once', play: (socket) => socket.end() },
  { name: 'resets at once', play: (socket) => socket.resetAndDestroy() },
  { name: 'greets as SSH', play: (socket) => socket.end('SSH-2.0-OpenSSH_9.9\r\n') },
  { name: 'says zeros', play: (socket) => socket.end(Buffer.alloc(4096)) },
  { name: 'says ones', play: (socket) => socket.end(Buffer.alloc(4096, 0xff)) },
  {
    name: 'never stops talking',
    play: (socket) => {
      const more = (): void => {
        while (!socket.destroyed && socket.write(Buffer.alloc(65_536, 'H')));
      };
      socket.on('drain', more);
      more();
    },
  },
  { name: 'accepts and says nothing', isSilent: true, play: () => {} },
];

for (const kind of KINDS) {
  for (const { name, isSilent = false, play } of SERVERS) {
    test(`check ${kind}: a server that ${name} has failed`, async () => {
      const aborting = new AbortController();
      const pending = probe(
        kind,
        (socket) => {
          play(socket);
          if (isSilent) aborting.abort();
        },
        aborting.signal,
      );
      const result = await pending;
      assertResult(result);
      assert.equal(result.status, 'failed', result.reason);
    });
  }

  test(`check ${kind}: a server that trickles forever fails at the timeout`, async () => {
    const aborting = new AbortController();
    // The beginning of what is right, a byte at a time and never to its end.
    const bytes = WELL[kind].slice(0, kind === 'redis' ? 4 : Math.min(24, WELL[kind].length - 4));
    const pending = probe(
      kind,
      (socket) => {
        let at = 0;
        const next = (): void => {
          if (socket.destroyed) return;
          if (at === bytes.length) aborting.abort();
          else socket.write(bytes[at++]!, 'latin1', () => setImmediate(next));
        };
        next();
      },
      aborting.signal,
    );
    const result = await pending;
    assertResult(result);
    assert.equal(result.status, 'failed', result.reason);
  });

  test(`check ${kind}: whatever a server sends, the probe ends with a result`, async () => {
    await eachSeed([], 150, async (seed) => {
      const choice = chooser(seed);
      const aborting = new AbortController();
      const said = mutated(WELL[kind], choice);
      const result = await probe(
        kind,
        (socket) => {
          const pieces = split(said, choice);
          const next = (): void => {
            const piece = pieces.shift();
            if (socket.destroyed) return;
            if (piece !== undefined) socket.write(piece, 'latin1', () => setImmediate(next));
            else if (choice.below(4) === 0) aborting.abort();
            else socket.end();
          };
          next();
        },
        aborting.signal,
      );
      assertResult(result);
    });
  });
}

type Choice = ReturnType<typeof chooser>;

function mutated(text: string, { below }: Choice): string {
  let changed = text;
  for (let count = below(5); count > 0; count--) {
    const at = below(changed.length + 1);
    const byte = String.fromCharCode(below(256));
    const kind = below(5);
    if (kind === 0) changed = changed.slice(0, at) + byte + changed.slice(at + 1);
    else if (kind === 1) changed = changed.slice(0, at) + byte + changed.slice(at);
    else if (kind === 2) changed = changed.slice(0, at) + changed.slice(at + 1 + below(6));
    else if (kind === 3) changed = changed.slice(0, at);
    else changed += byte.repeat(below(5000));
  }
  return changed;
}

function split(text: string, { below }: Choice): string[] {
  const pieces: string[] = [];
  for (let at = 0; at < text.length; ) {
    const end = at + 1 + below(40);
    pieces.push(text.slice(at, end));
    at = end;
  }
  return pieces;
}
