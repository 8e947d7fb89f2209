/**
 * A real browser through every mode: a page with what belongs to it, cookies, an upload, a WebSocket.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Authority, hasOpenssl } from '@sluice/plugin-kit/tls';
import { createGateway, type Gateway } from 'sluice';
import { eventually, openChromium, PIXEL, skipUnless, temporaryFolder, WebApp } from '../kit/index.ts';

const needed = hasOpenssl ? skipUnless('chromium') : { skip: 'openssl not installed' };

/** What the page does, and tells. It goes on to the next page itself, so that one browser sees all of them. */
const SCRIPT = `
async function visit() {
  const told = { mode: document.body.dataset.mode, errors: [] };
  const attempt = async (name, step) => {
    try { told[name] = await step(); } catch (error) { told.errors.push(name + ': ' + error); }
  };
  await attempt('style', () => getComputedStyle(document.body).color);
  await attempt('picture', () => document.images[0].decode().then(() => document.images[0].naturalWidth));
  await attempt('who', async () => {
    const names = [];
    for (let time = 0; time < 6; time++) names.push(await (await fetch('/who?' + time, { cache: 'no-store' })).text());
    return names;
  });
  await attempt('upload', async () => {
    const bytes = new Uint8Array(700000);
    for (let at = 0; at < bytes.length; at += 65536) crypto.getRandomValues(bytes.subarray(at, at + 65536));
    const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
    const wanted = Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
    return (await (await fetch('/upload', { method: 'POST', body: bytes })).text()) === wanted;
  });
  await attempt('socket', () => new Promise((resolve, reject) => {
    const socket = new WebSocket('wss://' + location.host + '/socket');
    const heard = [];
    socket.onopen = () => { socket.send('one'); socket.send('x'.repeat(100000)); };
    socket.onmessage = ({ data }) => {
      heard.push(data.length);
      if (heard.length === 2) { socket.close(1000, 'enough'); resolve(heard); }
    };
    socket.onerror = () => reject(new Error('no WebSocket'));
  }));
  told.protocols = Object.fromEntries(
    [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')].map((entry) => [
      new URL(entry.name).pathname, entry.nextHopProtocol]));
  const next = document.body.dataset.next;
  await fetch('/result', { method: 'POST', body: JSON.stringify(told) });
  if (next !== '') location.href = next;
}
addEventListener('load', visit);
`;

interface Told {
  readonly mode: string;
  readonly errors: readonly string[];
  readonly style: string;
  readonly picture: number;
  readonly who: readonly string[];
  readonly upload: boolean;
  readonly socket: readonly number[];
  readonly protocols: Readonly<Record<string, string>>;
}

const page = (mode: string, next: string): string =>
  `<!doctype html><title>${mode}</title><link rel="stylesheet" href="/style.css"><script src="/app.js"></script>
<body data-mode="${mode}" data-next="${next}"><img src="/pixel.gif">`;

function filesOf(mode: string, next: string) {
  return {
    '/': ['text/html', page(mode, next)],
    '/style.css': ['text/css', 'body { color: rgb(1, 2, 3) }'],
    '/app.js': ['text/javascript', SCRIPT],
    '/pixel.gif': ['image/gif', PIXEL],
  } as const;
}

interface Visited {
  readonly told: readonly Told[];
  readonly gateway: Gateway;
}

/** visit has a browser go through the modes, one after the other, and returns what it told of each. */
async function visit(t: TestContext, modes: readonly Mode[], ...flags: string[]): Promise<Visited> {
  const authority = new Authority(temporaryFolder());
  const pem = authority.issue('site', [...modes.map(({ name }) => `${name}.test`), 'gone.test']);
  const trusted = [authority.read('site.crt')];
  // The port is known when the gateway has begun, and the pages when the port is known: they stand in objects filled then.
  const files: Record<string, ReturnType<typeof filesOf>> = {};
  const apps: WebApp[] = [];
  const start = async (mode: string, options: { readonly pem?: string } = {}): Promise<WebApp> => {
    files[mode] ??= {} as ReturnType<typeof filesOf>;
    const app = await WebApp.start(`${mode} ${apps.length}`, { ...options, files: files[mode] });
    apps.push(app);
    t.after(() => app.stop());
    return app;
  };
  const backends: string[] = [];
  for (const mode of modes) {
    const own = mode.isSecure ? { pem: readFileSync(pem, 'utf8') } : {};
    const [one, two] = [await start(mode.name, own), await start(mode.name, own)];
    const servers = `of 127.0.0.1:${one.address.port}, 127.0.0.1:${two.address.port}`;
    backends.push(`backend ${mode.name} ${servers} {\n${mode.backend.replace('CA', authority.at('root.crt'))}\n}`);
  }
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'index.html'), 'written below');
  const gateway = await createGateway({
    rules: `listener web on 127.0.0.1:0 {
  ${modes.some(({ name }) => name === 'passed') ? 'tls passthrough to passed when sni passed.test' : ''}
  tls terminate cert "${pem}"
  ${modes
    .filter(({ name }) => name !== 'passed')
    .map(({ name }) => `send to ${name} when host ${name}.test`)
    .join('\n')}
  send to gone when host gone.test
  otherwise deny
}
${backends.join('\n')}
backend gone of 127.0.0.1:1 { retry 0 on connect-failure; check tcp every 100ms fall 1; fall back to sorry }
backend sorry { serve files "${folder}" status 503 }`,
    threads: 2,
    logger: false,
  });
  t.after(() => gateway.stop({ deadline: 0 }));
  await gateway.start();
  const { port } = gateway.addresses().web as { port: number };
  modes.forEach(({ name }, index) => {
    const next = modes[index + 1]?.name ?? 'gone';
    Object.assign(files[name]!, filesOf(name, `https://${next}.test:${port}/`));
  });
  // The last page is what the folder has; its results go to the first mode's servers.
  const report = `https://${modes[0]!.name}.test:${port}/result`;
  const told = `fetch('${report}', { method: 'POST', mode: 'no-cors', body: JSON.stringify({ mode: 'sorry', style: getComputedStyle(document.body).color }) })`;
  writeFileSync(
    join(folder, 'index.html'),
    `<!doctype html><link rel="stylesheet" href="/style.css"><body><script>addEventListener('load', () => ${told})</script>`,
  );
  writeFileSync(join(folder, 'style.css'), 'body { color: rgb(3, 2, 1) }');
  await eventually(
    'the dead server to be known',
    () => gateway.stats().backends.find(({ name }) => name === 'gone')!.fallsBackTo,
  );
  const browser = openChromium(`https://${modes[0]!.name}.test:${port}/`, trusted, ...flags);
  t.after(() => browser.stop(500));
  const results = await eventually(
    `${modes.length + 1} pages`,
    () => {
      if (browser.hasExited) throw new Error(browser.output);
      const all = apps.flatMap((app) => app.results);
      return all.length === modes.length + 1 ? all : null;
    },
    60_000,
  ).catch((thrown) => {
    throw new Error(
      `${thrown}\n${apps.flatMap((app) => [...app.results, ...app.requests]).join('\n')}\n${browser.output}`,
    );
  });
  return { told: results.map((text) => JSON.parse(text) as Told), gateway };
}

interface Mode {
  /** The backend, and the host of its page. */
  readonly name: string;
  readonly backend: string;
  /** Its servers speak TLS. */
  readonly isSecure: boolean;
}

const OFFLOAD: Mode = { name: 'offload', backend: 'stick with cookie srv', isSecure: false };
const BRIDGE: Mode = {
  name: 'bridge',
  backend: 'stick with cookie srv\n tls bridge ca "CA" name bridge.test',
  isSecure: true,
};
/** Cookies cannot be seen there. */
const PASSED: Mode = { name: 'passed', backend: 'tls passthrough', isSecure: true };

function check({ told }: Visited, modes: readonly Mode[], protocol: string): void {
  for (const { name } of modes) {
    const page = told.find(({ mode }) => mode === name)!;
    assert.deepEqual(page.errors, [], name);
    assert.equal(page.style, 'rgb(1, 2, 3)', name);
    assert.equal(page.picture, 1, name);
    assert.equal(page.who.length, 6);
    // Connections that a browser opens in the same moment may have different servers, and stay with them.
    const servers = new Set(page.who).size;
    if (name !== PASSED.name) assert.equal(servers, 1, `${name}: always the same server: ${page.who}`);
    assert.match(page.who[0]!, new RegExp(`^${name} `));
    assert.equal(page.upload, true, `${name}: the upload arrived as it was sent`);
    assert.deepEqual(page.socket, [3, 100_000], name);
    for (const path of ['/', '/style.css', '/app.js', '/who'])
      assert.equal(page.protocols[path], protocol, `${name} ${path}`);
  }
  assert.equal(told.find(({ mode }) => mode === 'sorry')!.style, 'rgb(3, 2, 1)', 'the page that is fallen back to');
}

test('over HTTP/2: offload, bridge, passthrough, and the page that is fallen back to', {
  ...needed,
  timeout: 150_000,
}, async (t) => {
  const modes = [OFFLOAD, BRIDGE, PASSED];
  check(await visit(t, modes), modes, 'h2');
});

test('over HTTP/1.1: the same', { ...needed, timeout: 150_000 }, async (t) => {
  const modes = [OFFLOAD, BRIDGE, PASSED];
  check(await visit(t, modes, '--disable-http2'), modes, 'http/1.1');
});
