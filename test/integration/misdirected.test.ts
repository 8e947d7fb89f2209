/**
 * A TLS connection that is asked for another host than it was opened for: what a browser does where one certificate is good for both (RFC 9113 section
 * 9.1.1), and what anybody can do with a Host of his choice. It gets what a connection by that host's name would get, or 421.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { type ClientHttp2Session, connect } from 'node:http2';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { promisify } from 'node:util';
import { Authority, hasOpenssl } from '@sluice/plugin-kit/tls';
import { createGateway, type Gateway } from 'sluice';
import {
  type Address,
  eventually,
  openChromium,
  RawServer,
  skipUnless,
  temporaryFolder,
  WebApp,
  Wire,
} from '../kit/index.ts';

const run = promisify(execFile);

describe('requests for another host on a connection', { skip: hasOpenssl ? false : 'openssl not installed' }, () => {
  const folder = temporaryFolder();
  const log = join(folder, 'access.log');
  let authority: Authority;
  let terminated: RawServer;
  let passed: WebApp;
  let gateway: Gateway;
  let at: Address;

  const rules = (passthrough: string, terminate = '') => `settings { log access json to "${log}" }
listener web on 127.0.0.1:0 {
  ${passthrough}
  tls terminate cert "${authority.at('site.pem')}", "${authority.at('other.pem')}" ${terminate}
  otherwise send to app
}
backend app of 127.0.0.1:${terminated.address.port}
backend pay of 127.0.0.1:${passed.address.port} { tls passthrough }`;
  const PAY = 'tls passthrough to pay when sni pay.test or sni like *.pay.test or sni pay.shop.test';

  before(async () => {
    authority = new Authority(temporaryFolder());
    const pem = readFileSync(
      authority.issue('site', ['www.test', 'pay.test', '*.pay.test', 'www.shop.test', 'pay.shop.test']),
      'utf8',
    );
    authority.issue('other', ['other.test']);
    terminated = await RawServer.start();
    passed = await WebApp.start('pay', { pem });
    gateway = await createGateway({ rules: rules(PAY), threads: 0, logger: false });
    await gateway.start();
    at = gateway.addresses().web as Address;
  });
  after(async () => {
    await gateway?.stop({ deadline: '1s' });
    await terminated?.stop();
    await passed?.stop();
  });

  const trust = () => ({ ca: authority.read('root.crt'), rejectUnauthorized: false });

  async function open(servername: string, to = at): Promise<Wire> {
    const name = servername === '' ? {} : { servername };
    const socket = connectTls({ ...to, ...trust(), ...name, ALPNProtocols: ['http/1.1'] });
    await once(socket, 'secureConnect');
    return new Wire(socket);
  }

  const ask = async (wire: Wire, host: string, more = '') =>
    (await wire.send(`GET /x HTTP/1.1\r\nHost: ${host}\r\n${more}\r\n`).answer()).status;

  async function askHttp2(session: ClientHttp2Session, authority: string): Promise<number> {
    const stream = session.request({ ':path': '/x', ':authority': authority });
    const [headers] = await once(stream, 'response');
    stream.resume();
    await once(stream, 'end');
    return Number(headers[':status']);
  }

  test('over HTTP/2, a passed-through host gets 421, and the connection continues', async () => {
    terminated.play();
    const session = connect(`https://www.test:${at.port}`, {
      createConnection: () => connectTls({ ...at, ...trust(), servername: 'www.test', ALPNProtocols: ['h2'] }),
    });
    assert.equal(await askHttp2(session, 'www.test'), 200);
    for (const host of ['pay.test', `pay.test:${at.port}`, 'PAY.test', 'pay.test.', 'eu.pay.test']) {
      assert.equal(await askHttp2(session, host), 421, host);
    }
    assert.equal(await askHttp2(session, 'www.test'), 200);
    assert.equal(terminated.requests().length, 2);
    session.destroy();
    // By its own name it is passed through, to the server that has it.
    const own = connect(`https://pay.test:${at.port}`, {
      createConnection: () => connectTls({ ...at, ...trust(), servername: 'pay.test', ALPNProtocols: ['h2'] }),
    });
    assert.equal(await askHttp2(own, 'pay.test'), 200);
    assert.deepEqual(passed.requests.length, 1);
    own.destroy();
  });

  test('over HTTP/1.1 the same, with a body too', async () => {
    const wire = await open('www.test');
    assert.equal(await ask(wire, 'www.test'), 200);
    for (const host of ['pay.test', `pay.test:${at.port}`, 'PAY.test', 'pay.test.', 'eu.pay.test']) {
      assert.equal(await ask(wire, host), 421, host);
    }
    assert.equal(await ask(wire, 'www.test'), 200);
    wire.send('GET https://pay.test/x HTTP/1.1\r\nHost: pay.test\r\n\r\n');
    assert.equal((await wire.answer()).status, 421);
    wire.send('POST /x HTTP/1.1\r\nHost: pay.test\r\nContent-Length: 5\r\n\r\nhello');
    assert.equal((await wire.answer()).status, 421);
    wire.destroy();
  });

  test('a connection that was opened by no name is no way around it', async () => {
    const wire = await open('');
    assert.equal(await ask(wire, 'pay.test'), 421);
    assert.equal(await ask(wire, 'www.test'), 200);
    wire.destroy();
  });

  test('hosts whose TLS is opened here are served on any connection, by name or address', async () => {
    for (const servername of ['www.test', 'other.test', 'unknown.test', '']) {
      const wire = await open(servername);
      for (const host of ['www.test', 'other.test', 'unknown.test', '127.0.0.1', '[::1]:443']) {
        assert.equal(await ask(wire, host), 200, `${host} on ${servername}`);
      }
      wire.destroy();
    }
  });

  test('HTTP/1.0 without a Host is not misdirected', async () => {
    const wire = await open('www.test');
    assert.equal((await wire.send('GET /x HTTP/1.0\r\n\r\n').answer()).status, 200);
    wire.destroy();
  });

  test('the access log gives the reason', async () => {
    const wire = await open('www.test');
    assert.equal(await ask(wire, 'eu.pay.test'), 421);
    wire.destroy();
    const lines = () => (existsSync(log) ? readFileSync(log, 'utf8') : '').split('\n');
    const line = await eventually('the line', () => lines().find((each) => each.includes('eu.pay.test')));
    const { status, refused } = JSON.parse(line);
    assert.equal(status, 421);
    assert.match(refused, /passed through/);
  });

  test('explain gives the answer of live traffic, whatever the name and the host', async () => {
    const names = ['www.test', 'other.test', 'pay.test', 'eu.pay.test', ''];
    const hosts = ['www.test', 'pay.test', 'eu.pay.test', 'pay.test.', 'other.test', '127.0.0.1'];
    for (const sni of names) {
      for (const host of hosts) {
        const request = `GET https://${host}:${at.port}/x sni ${sni || 'absent'}`;
        const { verdict } = await gateway.explain(request);
        if (sni === 'pay.test' || sni === 'eu.pay.test') {
          assert.deepEqual(verdict, { kind: 'send', backend: 'pay', isPassthrough: true }, request);
          continue;
        }
        const wire = await open(sni);
        const status = await ask(wire, host);
        wire.destroy();
        assert.equal(verdict.kind === 'answer' ? verdict.status : 200, status, request);
      }
    }
    const { verdict, by } = await gateway.explain(`GET https://pay.test:${at.port}/x sni www.test`);
    assert.match((verdict as { readonly reason: string }).reason, /passed through/);
    assert.match(by!.text, /^tls passthrough to pay/);
  });

  test('what passes a name on may ask for more than the name', async () => {
    const own = await createGateway({
      rules: rules('tls passthrough to pay when sni pay.test and ip 127.0.0.2'),
      threads: 0,
      logger: false,
    });
    await own.start();
    // This client would not be passed on, so its requests are served.
    const wire = await open('www.test', own.addresses().web as Address);
    assert.equal(await ask(wire, 'pay.test'), 200);
    wire.destroy();
    await own.stop({ deadline: 0 });
  });

  test('a name that a reload passes through is no longer served on connections from before', async () => {
    const own = await createGateway({ rules: rules(''), threads: 0, logger: false });
    await own.start();
    const wire = await open('pay.test', own.addresses().web as Address);
    assert.equal(await ask(wire, 'pay.test'), 200);
    await own.reload({ rules: rules(PAY) });
    assert.equal(await ask(wire, 'pay.test'), 421);
    assert.equal(await ask(wire, 'www.test'), 200);
    wire.destroy();
    await own.stop({ deadline: 0 });
  });

  test('with `known names only`, a host without a certificate gets 421, as its name would be closed', async () => {
    const own = await createGateway({ rules: rules('', 'known names only'), threads: 0, logger: false });
    await own.start();
    const to = own.addresses().web as Address;
    const wire = await open('www.test', to);
    for (const host of ['www.test', 'other.test', 'eu.pay.test']) assert.equal(await ask(wire, host), 200, host);
    for (const host of ['unknown.test', '127.0.0.1', 'a.www.test']) assert.equal(await ask(wire, host), 421, host);
    wire.destroy();
    await own.stop({ deadline: 0 });
  });

  test('without TLS there is no name to compare with', async () => {
    const own = await createGateway({
      rules: `listener web on 127.0.0.1:0 { otherwise send to app }\nbackend app of 127.0.0.1:${terminated.address.port}`,
      threads: 0,
      logger: false,
    });
    await own.start();
    const { port } = own.addresses().web as Address;
    const args = ['-s', '-o', '/dev/null', '-w', '%{http_code}', '-H', 'Host: pay.test'];
    assert.equal((await run('curl', [...args, `http://127.0.0.1:${port}/x`])).stdout, '200');
    await own.stop({ deadline: 0 });
  });

  for (const version of ['--http2', '--http1.1']) {
    test(
      `curl ${version} with a custom Host gets 421, and succeeds by the right name`,
      skipUnless('curl'),
      async () => {
        const to = ['--connect-to', `::127.0.0.1:${at.port}`];
        const args = ['-sk', version, ...to, '-o', '/dev/null', '-w', '%{http_code}'];
        assert.equal((await run('curl', [...args, '-H', 'Host: pay.test', 'https://www.test/x'])).stdout, '421');
        assert.equal((await run('curl', [...args, 'https://pay.test/x'])).stdout, '200');
      },
    );
  }

  test('a browser asks again on a connection of its own', { ...skipUnless('chromium'), timeout: 90_000 }, async (t) => {
    const files: Record<string, readonly [string, string]> = {};
    const www = await WebApp.start('www', { files });
    const rulesFor = rules(PAY).replace(String(terminated.address.port), String(www.address.port));
    const own = await createGateway({ rules: rulesFor, threads: 0, logger: false });
    t.after(async () => {
      await own.stop({ deadline: 0 });
      await www.stop();
    });
    await own.start();
    const { port } = own.addresses().web as Address;
    files['/'] = [
      'text/html',
      `<!doctype html><body><script>
        addEventListener('load', async () => {
          const got = [];
          for (const host of ['www.shop.test', 'pay.shop.test'])
            got.push(await fetch('https://' + host + ':${port}/who', { mode: 'no-cors', credentials: 'include' }).then(() => 'here', String));
          await fetch('/result', { method: 'POST', body: got.join() });
        });
      </script>`,
    ];
    const before = passed.requests.length;
    const browser = openChromium(`https://www.shop.test:${port}/`, [authority.read('site.crt')]);
    t.after(() => browser.stop(500));
    const [result] = await eventually('the page', () => (www.results.length > 0 ? www.results : null), 60_000);
    assert.equal(result, 'here,here');
    assert.deepEqual(
      passed.requests.slice(before).filter((line) => line.includes('/who')),
      ['GET /who 2.0'],
    );
    assert.equal(www.requests.filter((line) => line.includes('/who')).length, 1);
    // It did come here first: its connection's certificate is good for both hosts.
    assert.equal(own.stats().listeners[0]!.counters.answers4xx, 1);
  });
});
