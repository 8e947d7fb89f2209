/**
 * One path: no spelling of a denied path gets past the rule to a server that takes it for the denied one. Hundreds of spellings of each path, for
 * models of six kinds of servers, and for a real nginx and a real Node.js server; over HTTP/1, in absolute-form and over HTTP/2 alike.
 */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type ClientHttp2Session, connect } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { join, normalize } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { PATH_READERS, READERS, SINGLE_READERS, variantsOf } from '@sluice/dsl';
import { createGateway } from 'sluice';
import {
  type Address,
  connectTo,
  freePort,
  ok,
  type Peer,
  RawServer,
  skipUnless,
  sluice,
  startGateway,
  startNginx,
  temporaryFolder,
  type Wire,
} from '../kit/index.ts';
import { answering } from '../kit/raw-server.ts';

const PATHS = ['/secret', '/app/secret', '/secret/deep/file.txt'];
const DENIED = 'deny path under /secret, /app/secret';
const SPELLINGS = PATHS.flatMap((path) => [path, ...variantsOf(path)]);

/** Answer is a status, and what the server says it was asked for. */
interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Asker sends requests over one connection as long as that is kept. */
class Asker {
  readonly #address: Address;
  #wire: Wire | null = null;

  constructor(address: Address) {
    this.#address = address;
  }

  async ask(target: string, host = 'h'): Promise<Answer> {
    this.#wire ??= await connectTo(this.#address);
    this.#wire.send(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    const { status, body } = await this.#wire.answer();
    if (status === 400) this.close();
    return { status, body: body.toString('latin1') };
  }

  close(): void {
    this.#wire?.destroy();
    this.#wire = null;
  }
}

function rulesFor(server: Address, listener: string, backend = ''): string {
  return `listener web on 127.0.0.1:0 {
  ${listener}
  ${DENIED}
  otherwise send to app
}
backend app of ${server.host}:${server.port} { ${backend} }
`;
}

test('there are hundreds of spellings of a path, and every kind of server is taken in by some', () => {
  assert.ok(SPELLINGS.length > 1000, String(SPELLINGS.length));
  for (const kind of SINGLE_READERS) {
    const same = SPELLINGS.filter((path) => READERS[kind](path.replace(/[?#].*/, '')) === '/secret');
    assert.ok(same.length > 20, `${kind}: ${same.length}`);
  }
});

describe('with the policy for a kind of server, no spelling reaches a denied path', () => {
  let server: RawServer;

  before(async () => {
    server = await RawServer.start(answering((request) => ok(request.target)));
  });
  after(() => server.stop());

  for (const kind of PATH_READERS) {
    test(`paths for ${kind}`, async (t) => {
      const { gateway, address, stop } = await startGateway(rulesFor(server.address, '', `paths for ${kind}`));
      t.after(stop);
      const asker = new Asker(address);
      t.after(() => asker.close());
      const kinds = kind === 'any' ? SINGLE_READERS : [kind];
      const denied = new Set(kinds.flatMap((each) => PATHS.map((path) => `${each} ${READERS[each](path)}`)));
      let passed = 0;
      for (const spelling of SPELLINGS) {
        const { status, body } = await asker.ask(spelling);
        assert.ok([200, 400, 403].includes(status), `${spelling}: ${status}`);
        if (status === 200) {
          passed++;
          const path = body.replace(/\?.*/, '');
          for (const each of kinds) assert.ok(!denied.has(`${each} ${READERS[each](path)}`), `${each}: ${spelling}`);
        }
        // What explain says is what live traffic gets.
        if (/[#]/.test(spelling)) continue;
        const explained = await gateway
          .explain({ request: `GET ${spelling}`, headers: ['Host: h'], listener: 'web' })
          .catch(() => null);
        if (explained === null || status === 400) {
          assert.equal(status, 400, spelling);
          const verdict = explained?.verdict as { status?: number } | undefined;
          assert.equal(verdict?.status ?? 400, 400, spelling);
        } else {
          assert.equal(explained.verdict.kind === 'send' ? 200 : 403, status, spelling);
          if (status === 200) assert.equal(explained.request.path, body.replace(/\?.*/, ''), spelling);
        }
      }
      assert.ok(passed > 10, `only ${passed} pass`);
    });
  }

  test('without a level, spellings reach servers that read paths otherwise', async () => {
    const { address, stop } = await startGateway(rulesFor(server.address, ''));
    const asker = new Asker(address);
    const taken = new Map(SINGLE_READERS.map((kind) => [kind, 0]));
    for (const spelling of SPELLINGS) {
      const { status, body } = await asker.ask(spelling);
      if (status !== 200) continue;
      for (const kind of SINGLE_READERS) {
        if (READERS[kind](body.replace(/\?.*/, '')) === '/secret') taken.set(kind, taken.get(kind)! + 1);
      }
    }
    asker.close();
    await stop();
    for (const kind of ['tomcat', 'iis', 'node', 'php'] as const) assert.ok(taken.get(kind)! > 0, kind);
    // nginx and Apache read what the default lets through as the rules do.
    assert.deepEqual([taken.get('nginx'), taken.get('apache')], [0, 0]);
  });
});

describe('lint reports what the policy of a kind of server prevents', () => {
  async function linted(backend: string): Promise<string> {
    const file = join(temporaryFolder(), 'gateway.sluice');
    writeFileSync(file, rulesFor({ host: '127.0.0.1', port: 9001 }, '', backend));
    const program = sluice('lint', file);
    await program.exited;
    return program.output;
  }

  test('without a level it warns of each kind that is taken in, and with it of none', async () => {
    const output = await linted('');
    for (const name of ['SL0905', 'Tomcat', 'IIS', 'Node.js', 'PHP'])
      assert.ok(output.includes(name), `${name}: ${output}`);
    for (const kind of PATH_READERS) assert.match(await linted(`paths for ${kind}`), /no findings/, kind);
  });
});

describe('a path is the same over HTTP/1, in absolute-form and over HTTP/2', () => {
  let server: RawServer;
  let stop: () => Promise<void>;
  let address: Address;
  let session: ClientHttp2Session;

  before(async () => {
    server = await RawServer.start(answering((request) => ok(request.target)));
    ({ address, stop } = await startGateway(rulesFor(server.address, 'paths for tomcat')));
    session = connect(`http://${address.host}:${address.port}`);
    session.on('error', () => {});
  });
  after(async () => {
    session.destroy();
    await stop();
    await server.stop();
  });

  function askHttp2(path: string): Promise<Answer> {
    return new Promise((resolve) => {
      const stream = session.request({ ':path': path, ':authority': 'h' });
      let status = 0;
      let body = '';
      stream.on('response', (headers) => {
        status = Number(headers[':status']);
      });
      stream.on('data', (piece) => {
        body += piece;
      });
      stream.on('error', () => {});
      stream.on('close', () => resolve({ status: status === 0 ? 400 : status, body }));
    });
  }

  test('hundreds of spellings', async () => {
    const asker = new Asker(address);
    const told = ({ status, body }: Answer): string => (status === 200 ? body : String(status));
    for (const spelling of ['/', '/caf%E9', '/a//b', ...variantsOf('/secret')]) {
      const plain = told(await asker.ask(spelling));
      assert.equal(told(await asker.ask(`http://h${spelling}`)), plain, `absolute-form ${spelling}`);
      assert.equal(told(await askHttp2(spelling)), plain, `HTTP/2 ${spelling}`);
    }
    asker.close();
  });
});

describe('settings of paths', () => {
  const cases: [line: string, target: string, seen: string | number][] = [
    ['', '//a///b/', '/a/b/'],
    ['', '/a/..//secret', 403],
    ['', '/x//../secret', 403],
    ['', '/caf%e9?n=%e9', '/caf%E9?n=%e9'],
    ['', '/a?u=http://x//y', '/a?u=http://x//y'],
    ['', '/a;b=1', '/a;b=1'],
    ['', '/a/..;/b', 400],
    ['', '/%c0%afsecret', 400],
    ['paths keep empty segments', '//a///b/', '//a///b/'],
    ['paths refuse empty segments', '//a', 400],
    ['paths refuse empty segments', '/a/', '/a/'],
    ['paths strip parameters', '/a;b=1/c;d?e;f', '/a/c?e;f'],
    ['paths strip parameters', '/x/..;y/secret;z', 403],
    ['paths refuse parameters', '/a;b', 400],
    ['paths refuse double escapes', '/%252e', 400],
    ['paths refuse control bytes', '/a%0a', 400],
    ['paths refuse invalid utf-8', '/caf%e9', 400],
    ['paths keep invalid utf-8', '/%c0%af', '/%C0%AF'],
    ['paths refuse windows names', '/a.', 400],
    ['paths ignore case', '/SECRET/x', 403],
    ['paths ignore case', '/Other', '/Other'],
    ['paths for iis keep case', '/SECRET', '/SECRET'],
    ['allow encoded slashes', '/a%2fb', '/a%2Fb'],
  ];
  let server: RawServer;

  before(async () => {
    server = await RawServer.start(answering((request) => ok(request.target)));
  });
  after(() => server.stop());

  for (const [line, target, seen] of cases) {
    test(`${line === '' ? 'by default' : `\`${line}\``}, ${target} is ${seen}`, async () => {
      const { address, stop } = await startGateway(rulesFor(server.address, line));
      const asker = new Asker(address);
      const { status, body } = await asker.ask(target);
      assert.equal(status === 200 ? body : status, seen);
      asker.close();
      await stop();
    });
  }

  test('rules see the bytes of a path that is not UTF-8, as escapes', async () => {
    const gateway = await createGateway({
      rules: `listener web on 127.0.0.1:0 {
  deny path under /caf%E9
  deny path matches r"%FF$"
  otherwise send to app
}
backend app of ${server.address.host}:${server.address.port}`,
      logger: false,
      threads: 0,
    });
    await gateway.start();
    const asker = new Asker(gateway.addresses().web as Address);
    const statusOf = async (target: string): Promise<number> => (await asker.ask(target)).status;
    assert.deepEqual(
      [await statusOf('/caf%e9/x'), await statusOf('/%ff'), await statusOf('/caf%C3%A9'), await statusOf('/caf%E8')],
      [403, 403, 200, 200],
    );
    asker.close();
    await gateway.stop({ deadline: '1s' });
  });
});

describe('with a real nginx as the server', skipUnless('nginx'), () => {
  const folder = temporaryFolder();
  let nginx: Peer;

  before(async () => {
    for (const path of PATHS) mkdirSync(join(folder, path, '..'), { recursive: true });
    mkdirSync(join(folder, 'app/secret'), { recursive: true });
    mkdirSync(join(folder, 'x'), { recursive: true });
    for (const file of ['secret/deep/file.txt', 'secret/index.html', 'app/secret/index.html'])
      writeFileSync(join(folder, file), 'FLAG');
    writeFileSync(join(folder, 'index.html'), 'public');
    const port = await freePort();
    nginx = await startNginx(port, `server { listen 127.0.0.1:${port}; root ${folder}; absolute_redirect off; }`);
  });
  after(() => nginx?.program.stop());

  async function flags(address: Address): Promise<number> {
    const asker = new Asker(address);
    let found = 0;
    for (const spelling of SPELLINGS.flatMap((path) => [path, `${path}/`])) {
      // Without a gateway before it, nginx closes after many of its answers.
      const { body } = await asker.ask(spelling).catch(() => ({ body: '' }));
      if (body.includes('FLAG')) found++;
      asker.close();
    }
    return found;
  }

  test('no spelling gets the file that is denied, and many do without the gateway, or with the wrong level', async () => {
    assert.ok((await flags(nginx.address)) > 100);
    for (const [listener, isSafe] of [
      ['', true],
      ['paths for nginx', true],
      ['paths keep empty segments', false],
      ['allow encoded slashes', false],
    ] as const) {
      const { address, stop } = await startGateway(rulesFor(nginx.address, listener));
      const found = await flags(address);
      assert.equal(found === 0, isSafe, `${listener}: ${found}`);
      await stop();
    }
  });
});

describe('with a real Node.js server', () => {
  let server: Server;
  let at: Address;

  before(async () => {
    // As many do: the URL parsed by the WHATWG rules, decoded and normalised for static files, compared without regard to case, cut at `;`.
    server = createServer((request, response) => {
      let path = '';
      try {
        path = normalize(
          decodeURIComponent(new URL(request.url!.replace(/;.*/, ''), 'http://x').pathname),
        ).toLowerCase();
      } catch {}
      response.end(PATHS.includes(path.replace(/\/$/, '')) ? 'FLAG' : 'public');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    at = { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
  });
  after(() => void server.close());

  test('no spelling reaches a denied path, and some do without the policy', async () => {
    for (const [backend, isSafe] of [
      ['paths for node', true],
      ['paths for any', true],
      ['', false],
    ] as const) {
      const { address, stop } = await startGateway(rulesFor(at, '', backend));
      const asker = new Asker(address);
      let found = 0;
      for (const spelling of SPELLINGS) if ((await asker.ask(spelling)).body === 'FLAG') found++;
      asker.close();
      await stop();
      assert.equal(found === 0, isSafe, `${backend}: ${found}`);
    }
  });
});
