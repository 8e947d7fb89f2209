/**
 * `send proxy`: the headers by which servers learn who the client is, with real servers that read them.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectPlain } from 'node:net';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { type ConnectionOptions, connect } from 'node:tls';
import { Authority, certify, hasOpenssl, makeKey } from '@sluice/plugin-kit/tls';
import { createGateway } from 'sluice';
import { proxyHeaderV2, proxyValue } from '../../core/src/shared/proxy/proxy-header.ts';
import {
  type Address,
  connectTo,
  eventually,
  freePort,
  hasNginxStream,
  ok,
  Program,
  ProxiedServer,
  RawServer,
  runHaproxy,
  skipUnless,
  startGateway,
  startNginx,
  startNginxStream,
  temporaryFolder,
  Wire,
} from '../kit/index.ts';

const LIMIT = { timeout: 60_000 };
const GET = 'GET / HTTP/1.1\r\nHost: site.test\r\n\r\n';

const closing: (() => unknown)[] = [];
after(async () => {
  for (const close of closing.reverse()) await close();
});

async function start(backend: string, listener = '', port = 0, protocol = 'http'): Promise<Address> {
  const started = await startGateway(`listener web on 127.0.0.1:0 ${protocol} {
  ${listener}
  otherwise send to app
}
backend app of 127.0.0.1:${port} {
  ${backend}
}
`);
  closing.push(started.stop);
  return started.address;
}

/** answerer answers every request with the port that its connection's header named. */
async function answerer(): Promise<ProxiedServer> {
  const server = await ProxiedServer.start(async (wire, header) => {
    for (;;) {
      await wire.request();
      wire.send(ok(`${header.source?.ip.text} ${header.source?.port}`));
    }
  });
  closing.push(() => server.stop());
  return server;
}

const folder = temporaryFolder();
const site = join(folder, 'site.pem');
const key = makeKey();
writeFileSync(site, certify('site.test', key).cert + key);

async function bodyOf(wire: Wire, request = GET): Promise<string> {
  return (await wire.send(request).answer()).body.toString('latin1');
}

async function openTls(address: Address, options: ConnectionOptions = {}): Promise<Wire> {
  const socket = connect({ ...address, rejectUnauthorized: false, ...options });
  await once(socket, 'secureConnect');
  return new Wire(socket);
}

for (const version of ['v1', 'v2'] as const) {
  test(`${version}: a client's requests use separate connections, which close with it`, LIMIT, async () => {
    const server = await answerer();
    const address = await start(`send proxy ${version}`, '', server.port);
    const [one, two] = [await connectTo(address), await connectTo(address)];
    const own = (wire: Wire): string => `127.0.0.1 ${wire.socket.localPort}`;
    for (let round = 0; round < 3; round++) {
      for (const client of [one, two]) assert.equal(await bodyOf(client), own(client));
    }
    assert.equal(server.raw.wires.length, 2);
    for (const { destination } of server.headers) assert.equal(destination?.port, address.port);
    one.destroy();
    await eventually('its connection to end', () => server.raw.wires[0]!.ending !== 'open');
    assert.equal(await bodyOf(two), own(two));
    assert.equal(server.raw.wires[1]!.ending, 'open');
    two.destroy();
    await eventually('the other to end', () => server.raw.wires[1]!.ending !== 'open');
  });
}

test('data threads introduce clients in the same way', LIMIT, async () => {
  const server = await answerer();
  const rules = `listener web on 127.0.0.1:0 {
  tls terminate cert "${site}"
  set header X-Version to "{tls.version}"
  otherwise send to app
}
backend app of 127.0.0.1:${server.port} { send proxy with id }
`;
  const { address, stop } = await startGateway(rules, 2);
  closing.push(stop);
  const clients = [];
  for (let count = 0; count < 4; count++) clients.push(await openTls(address, { servername: 'site.test' }));
  for (let round = 0; round < 2; round++) {
    for (const client of clients) assert.equal(await bodyOf(client), `127.0.0.1 ${client.socket.localPort}`);
  }
  assert.equal(server.raw.wires.length, 4);
  assert.deepEqual(new Set(server.headers.map(({ authority }) => authority)), new Set(['site.test']));
  for (const client of clients) client.destroy();
});

test('the client is the one in a trusted forwarding header or PROXY header', LIMIT, async () => {
  const server = await answerer();
  const forwarded = await start('send proxy', 'client ip from header X-Forwarded-For trust 127.0.0.1', server.port);
  const client = await connectTo(forwarded);
  const asked = (ip: string) => bodyOf(client, GET.replace('\r\n\r\n', `\r\nX-Forwarded-For: ${ip}\r\n\r\n`));
  // Its port is not known.
  assert.equal(await asked('192.0.2.7'), '192.0.2.7 0');
  assert.equal(await asked('2001:db8::7'), '2001:db8::7 0');
  assert.equal(await asked('192.0.2.7'), '192.0.2.7 0');
  assert.equal(server.raw.wires.length, 2);
  client.destroy();

  const proxied = await start('send proxy with id', 'accept proxy from 127.0.0.1', server.port);
  const behind = await connectTo(proxied);
  const tls = Buffer.concat([
    Buffer.from([1 | 4, 0, 0, 0, 0]),
    proxyValue(0x21, 'TLSv1.2'),
    proxyValue(0x22, 'ann'),
    proxyValue(0x23, 'ECDHE-RSA-AES128-GCM-SHA256'),
  ]);
  behind.send(
    proxyHeaderV2({ host: '192.0.2.8', port: 4711 }, { host: '198.51.100.1', port: 443 }, [
      { type: 1, value: Buffer.from('h2') },
      { type: 2, value: Buffer.from('pay.example') },
      { type: 5, value: Buffer.from('c0ffee', 'hex') },
      { type: 0x20, value: tls },
    ]),
  );
  assert.equal(await bodyOf(behind), '192.0.2.8 4711');
  const said = server.headers.at(-1)!;
  assert.equal(`${said.destination?.ip.text} ${said.destination?.port}`, '198.51.100.1 443');
  assert.deepEqual(
    { alpn: said.alpn, authority: said.authority, uniqueId: said.uniqueId, tls: said.tls },
    {
      alpn: 'h2',
      authority: 'pay.example',
      uniqueId: 'c0ffee',
      tls: {
        version: 'TLSv1.2',
        cipher: 'ECDHE-RSA-AES128-GCM-SHA256',
        commonName: 'ann',
        hasClientCertificate: true,
        isVerified: true,
      },
    },
  );
  behind.destroy();
});

test('streams of one HTTP/2 client share its connections, and no others', LIMIT, async () => {
  const server = await answerer();
  const address = await start('send proxy', '', server.port);
  const session = connectHttp2(`http://127.0.0.1:${address.port}`);
  const other = await connectTo(address);
  const asked = async (): Promise<string> => {
    const stream = session.request({ ':path': '/' });
    let body = '';
    for await (const piece of stream) body += piece;
    return body;
  };
  const bodies = await Promise.all([asked(), asked(), asked()]);
  await other.send(GET).answer();
  const port = session.socket.localPort;
  assert.deepEqual(bodies, Array(3).fill(`127.0.0.1 ${port}`));
  const count = server.raw.wires.length;
  assert.equal(await asked(), `127.0.0.1 ${port}`);
  assert.equal(server.raw.wires.length, count);
  session.destroy();
  other.destroy();
  await eventually('all to end', () => server.raw.wires.every(({ ending }) => ending !== 'open'));
});

test('servers that speak HTTP/2 have a connection for each client', LIMIT, async () => {
  const teller = await RawServer.start(async (wire) => {
    for (;;) {
      const { fields } = await wire.request();
      wire.send(ok(fields.find(([name]) => /^x-forwarded-for$/i.test(name))?.[1]));
    }
  });
  closing.push(() => teller.stop());
  const inner = await startGateway(`listener web on 127.0.0.1:0 {
  accept proxy from 127.0.0.0/8
  otherwise send to app
}
backend app of 127.0.0.1:${teller.address.port}
`);
  closing.push(inner.stop);
  const address = await start('send proxy\n protocol http2', '', inner.address.port);
  const clients = [await connectTo(address, '127.0.0.2'), await connectTo(address, '127.0.0.3')];
  for (let round = 0; round < 2; round++) {
    assert.equal(await bodyOf(clients[0]!), '127.0.0.2');
    assert.equal(await bodyOf(clients[1]!), '127.0.0.3');
  }
  assert.equal(inner.gateway.stats().listeners[0]!.counters.connections, 2);
  for (const client of clients) client.destroy();
  await eventually('both to end', () => inner.gateway.stats().listeners[0]!.openConnections === 0);
});

test('a client of a Unix socket has no address, and is no LOCAL one', LIMIT, async () => {
  const server = await answerer();
  const path = join(temporaryFolder(), 'front.sock');
  const rules = (version: string): string =>
    `listener web on unix:${path} { otherwise send to app }\nbackend app of 127.0.0.1:${server.port} { send proxy ${version} }`;
  for (const version of ['v1', 'v2']) {
    const gateway = await createGateway({ rules: rules(version), threads: 0, logger: false });
    await gateway.start();
    const client = new Wire(connectPlain(path));
    await client.send(GET).answer();
    client.destroy();
    await gateway.stop({ deadline: 0 });
  }
  assert.equal(server.texts[0], 'PROXY UNKNOWN\r\n');
  // Version 2, PROXY, UNSPEC.
  assert.equal(Buffer.from(server.texts[1]!, 'latin1').toString('hex', 12), '21000000');
});

test('a checksum and an ID are sent on request, and TLS values can be omitted', LIMIT, async () => {
  const server = await answerer();
  const tls = `tls terminate cert "${site}"`;
  const address = await start('send proxy v2 with id, with checksum, without tls', tls, server.port);
  const clients = [await openTls(address), await openTls(address)];
  for (const client of clients) await client.send(GET).answer();
  const [one, two] = server.headers;
  assert.match(one!.uniqueId, /^[0-9a-f]{32}$/);
  assert.notEqual(one!.uniqueId, two!.uniqueId);
  assert.equal(one!.tls, null);
  assert.equal(one!.authority, '');
  // The reader checks the sum.
  assert.ok(server.texts[0]!.includes('\x03\x00\x04'));
  for (const client of clients) client.destroy();
});

describe('tcp', () => {
  test('the header is sent first, even for a silent client', LIMIT, async () => {
    const server = await ProxiedServer.start(async (wire) => {
      wire.send('hello, who are you?');
      wire.send(await wire.bytes(4));
      await wire.closed();
    });
    closing.push(() => server.stop());
    const address = await start('send proxy v1', '', server.port, 'tcp');
    const client = await connectTo(address);
    await client.text('who are you?');
    client.send('ann!');
    await client.text('ann!');
    assert.equal(server.texts[0], `PROXY TCP4 127.0.0.1 127.0.0.1 ${client.socket.localPort} ${address.port}\r\n`);
    client.destroy();
  });

  test('with `tls terminate`, the server gets the client’s TLS details', LIMIT, async () => {
    const server = await ProxiedServer.start(async (wire) => {
      await wire.text('question');
      wire.send('answer');
      await wire.closed();
    });
    closing.push(() => server.stop());
    const address = await start('send proxy', `tls terminate cert "${site}"`, server.port, 'tcp');
    const client = await openTls(address, { servername: 'site.test', maxVersion: 'TLSv1.2' });
    await client.send('question').text('answer');
    const [{ authority, tls, alpn } = assert.fail()] = server.headers;
    assert.equal(authority, 'site.test');
    assert.equal(alpn, '');
    assert.equal(tls?.version, 'TLSv1.2');
    assert.match(tls?.cipher ?? '', /^ECDHE-RSA-/);
    assert.equal(tls?.hasClientCertificate, false);
    assert.equal(tls?.isVerified, false);
    client.destroy();
  });

  test('who fails at the handshake is no server’s business', LIMIT, async () => {
    const server = await answerer();
    const address = await start('send proxy', `tls terminate cert "${site}"`, server.port, 'tcp');
    const client = await connectTo(address);
    client.send('no TLS at all\r\n\r\n');
    await client.closed();
    const good = await openTls(address);
    good.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await good.text('127.0.0.1');
    assert.equal(server.raw.wires.length, 1);
    good.destroy();
  });

  test('passed on TLS: the name of the hello goes along, the bytes stay as they were', LIMIT, async () => {
    const inner = await startGateway(`listener web on 127.0.0.1:0 {
  accept proxy from 127.0.0.1
  tls terminate cert "${site}"
  set header X-Name to "{proxy.sni}"
  set header X-Client to "{ip}"
  otherwise send to app
}
backend app of 127.0.0.1:${(await echoing()).address.port}
`);
    closing.push(inner.stop);
    const outer = await start('send proxy', 'tls passthrough', inner.address.port, 'tcp');
    const client = await openTls(outer, { servername: 'site.test' });
    const body = await bodyOf(client);
    assert.match(body, /^x-name: site\.test$/im);
    assert.match(body, /^x-client: 127\.0\.0\.1$/im);
    client.destroy();
  });
});

/** echoing answers with the fields of the request. */
async function echoing(): Promise<RawServer> {
  const server = await RawServer.start(async (wire) => {
    for (;;) {
      const { fields } = await wire.request();
      wire.send(ok(fields.map(([name, value]) => `${name}: ${value}`).join('\n')));
    }
  });
  closing.push(() => server.stop());
  return server;
}

describe('over `tls bridge`', { skip: hasOpenssl ? false : 'openssl not installed' }, () => {
  for (const protocol of ['http1', 'http2']) {
    test(`${protocol}: the header comes before the handshake, with what the client showed`, LIMIT, async () => {
      const authority = new Authority(temporaryFolder());
      authority.issue('api', ['api.internal']);
      authority.issue('ann', ['ann.clients']);
      const inner = await startGateway(`listener web on 127.0.0.1:0 {
  accept proxy from 127.0.0.1
  tls terminate cert "${authority.at('api.pem')}"
  set header X-Facts to "{ip} {proxy.sni} {proxy.alpn} {proxy.tls.version} {proxy.client.certificate} {proxy.client.certificate.cn}"
  otherwise send to app
}
backend app of 127.0.0.1:${(await echoing()).address.port}
`);
      closing.push(inner.stop);
      const outer = await start(
        `send proxy\n protocol ${protocol}\n tls bridge ca "${authority.at('root.crt')}" name api.internal`,
        `tls terminate cert "${site}" client certificate from "${authority.at('root.crt')}" optional`,
        inner.address.port,
      );
      const known = { cert: authority.read('ann.crt'), key: authority.read('ann.key') };
      const asked = async (options: ConnectionOptions): Promise<string> => {
        const client = await openTls(outer, { servername: 'site.test', ALPNProtocols: ['http/1.1'], ...options });
        const body = await bodyOf(client);
        client.destroy();
        return /^x-facts: (.*)$/im.exec(body)![1]!.trim();
      };
      assert.equal(await asked(known), '127.0.0.1 site.test http/1.1 TLSv1.3 verified ann');
      assert.equal(await asked({}), '127.0.0.1 site.test http/1.1 TLSv1.3 none');
    });
  }
});

describe('real servers', () => {
  test('HAProxy reads addresses, name and identity, over http and passed on', {
    ...LIMIT,
    ...skipUnless('haproxy'),
  }, async () => {
    const port = await freePort();
    const peer = await runHaproxy(
      port,
      `frontend web
  mode http
  bind 127.0.0.1:${port} accept-proxy
  http-request return status 200 content-type text/plain lf-string "%[src] %[src_port] %[dst_port] %[fc_pp_authority] %[fc_pp_unique_id,hex]"
`,
    );
    closing.push(() => peer.program.stop());
    const tls = `tls terminate cert "${site}"`;
    const two = await openTls(await start('send proxy with id, with checksum', tls, port), { servername: 'site.test' });
    const answer = (await bodyOf(two)).split(' ');
    assert.deepEqual(answer.slice(0, 2), ['127.0.0.1', String(two.socket.localPort)]);
    assert.equal(answer[3], 'site.test');
    assert.match(answer[4]!, /^[0-9A-F]{32}$/);
    two.destroy();
    const address = await start('send proxy v1', '', port);
    const one = await connectTo(address, '127.0.0.9');
    const body = await bodyOf(one);
    assert.equal(body.trimEnd(), `127.0.0.9 ${one.socket.localPort} ${address.port}`);
    one.destroy();
  });

  for (const version of ['v1', 'v2']) {
    test(`HAProxy that wants a header passes the checks of a backend that sends ${version}, and not those that send none`, {
      ...LIMIT,
      ...skipUnless('haproxy'),
    }, async () => {
      const port = await freePort();
      const peer = await runHaproxy(
        port,
        `frontend web
  mode http
  bind 127.0.0.1:${port} accept-proxy
  http-request return status 200
`,
      );
      closing.push(() => peer.program.stop());
      const server = `server one 127.0.0.1:${port}`;
      const started = await startGateway(`listener web on 127.0.0.1:0 { otherwise send to app }
backend app { ${server}; send proxy ${version}; check GET / every 50ms }
backend bare { ${server}; check GET / every 50ms }
backend elsewhere { ${server}; send proxy ${version}; check GET / every 50ms port ${port} }
backend asked { ${server}; check GET / every 50ms send proxy ${version} }
backend connected { ${server}; send proxy ${version}; check tcp every 50ms }
`);
      closing.push(started.stop);
      const checks = () => started.gateway.stats().backends.map(({ servers }) => servers[0]!.lastCheck);
      await eventually('each to be probed', () => checks().every((check) => check !== 'unknown'));
      assert.deepEqual(checks(), ['passed', 'failed', 'failed', 'passed', 'passed']);
    });
  }

  test('HAProxy’s headers, with all of their values, are read into fields', {
    ...LIMIT,
    ...skipUnless('haproxy', 'openssl'),
  }, async () => {
    const authority = new Authority(temporaryFolder());
    authority.issue('edge', ['site.test']);
    authority.issue('ann', ['ann.clients']);
    const server = await echoing();
    const inner = await start(
      '',
      `accept proxy from 127.0.0.1
  deny 404 when not proxy client certificate verified
  set header X-Facts to "{proxy.sni} {proxy.alpn} {proxy.tls.version} {proxy.tls.cipher} {proxy.client.certificate.cn}"
  set header X-Id to "{proxy.id}"`,
      server.address.port,
    );
    const port = await freePort();
    const options = 'proxy-v2-options ssl,cert-cn,ssl-cipher,authority,crc32c,unique-id';
    const peer = await runHaproxy(
      port,
      `frontend web
  mode tcp
  bind 127.0.0.1:${port} ssl crt ${authority.at('edge.pem')} ca-file ${authority.at('root.crt')} verify optional alpn http/1.1
  unique-id-format %pid-%rt
  default_backend app
backend app
  mode tcp
  server one 127.0.0.1:${inner.port} send-proxy-v2 ${options}
`,
    );
    closing.push(() => peer.program.stop());
    const known = { cert: authority.read('ann.crt'), key: authority.read('ann.key') };
    const options13: ConnectionOptions = {
      servername: 'site.test',
      ALPNProtocols: ['http/1.1'],
      minVersion: 'TLSv1.3',
    };
    const client = await openTls({ host: '127.0.0.1', port }, { ...options13, ...known });
    const body = await bodyOf(client);
    assert.match(body, /^x-facts: site\.test {1,2}(http\/1\.1 )?TLSv1\.3 TLS_[A-Z0-9_]+ ann$/im);
    assert.match(body, /^x-id: [0-9a-f]+$/im);
    client.destroy();
    const stranger = await openTls({ host: '127.0.0.1', port }, options13);
    assert.equal((await stranger.send(GET).answer()).status, 404);
    stranger.destroy();
  });

  for (const version of ['v1', 'v2']) {
    test(`nginx reads ${version}`, { ...LIMIT, ...skipUnless('nginx') }, async () => {
      const port = await freePort();
      const peer = await startNginx(
        port,
        `server { listen 127.0.0.1:${port} proxy_protocol; location / {
  return 200 "$proxy_protocol_addr $proxy_protocol_port $proxy_protocol_server_port"; } }`,
      );
      closing.push(() => peer.program.stop());
      const address = await start(`send proxy ${version}\n check GET / every 50ms`, '', port);
      const client = await connectTo(address, '127.0.0.9');
      for (let round = 0; round < 2; round++) {
        const body = await bodyOf(client);
        assert.equal(body, `127.0.0.9 ${client.socket.localPort} ${address.port}`);
      }
      client.destroy();
    });
  }

  test('headers of nginx’s stream module identify the client, before TLS passthrough and before http', {
    ...LIMIT,
    skip: hasNginxStream ? false : 'libnginx-mod-stream not installed',
  }, async () => {
    const server = await echoing();
    const plain = await start('', 'accept proxy from 127.0.0.1\nset header X-Client to "{ip}"', server.address.port);
    const port = await freePort();
    const peer = await startNginxStream(
      port,
      `server { listen 127.0.0.1:${port}; proxy_pass 127.0.0.1:${plain.port}; proxy_protocol on; }`,
    );
    closing.push(() => peer.program.stop());
    const client = await connectTo({ host: '127.0.0.1', port }, '127.0.0.9');
    assert.match(await bodyOf(client), /^x-client: 127\.0\.0\.9$/im);
    client.destroy();
  });

  test('curl’s own header is read', { ...LIMIT, ...skipUnless('curl') }, async () => {
    const server = await echoing();
    const address = await start('', 'accept proxy from 127.0.0.1\nset header X-Client to "{ip}"', server.address.port);
    const curl = new Program('curl', ['-s', '-m', '20', '--haproxy-protocol', `http://127.0.0.1:${address.port}/`]);
    await curl.exited;
    assert.match(curl.output, /^x-client: 127\.0\.0\.1$/im);
  });
});
