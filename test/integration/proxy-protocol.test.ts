/**
 * The PROXY protocol: headers from proxies before the gateway, with HAProxy as that proxy.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { proxyHeaderV2 } from '../../core/src/shared/proxy/proxy-header.ts';
import {
  answering,
  connectTo,
  eventually,
  ok,
  Program,
  RawServer,
  skipUnless,
  startGateway,
  startHaproxy,
  temporaryFolder,
} from '../kit/index.ts';

const LIMIT = { timeout: 60_000 };

/** A server that answers with the client's address as the gateway tells it. */
function teller(): Promise<RawServer> {
  return RawServer.start(
    answering((request) => ok(String(request.fields.find(([name]) => /^x-forwarded-for$/i.test(name))?.[1]))),
  );
}

const GET = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

test('the client reported by a trusted proxy is used in rules, limits and forwarding fields', LIMIT, async () => {
  const server = await teller();
  const { address, gateway, stop } = await startGateway(`listener web on 127.0.0.1:0 {
  accept proxy from 127.0.0.0/8
  connections at most 2 per ip
  deny 404 when ip 192.0.2.66
  otherwise send to app
}
backend app of 127.0.0.1:${server.address.port}
`);
  const asked = async (bytes: string): Promise<string> => {
    const client = await connectTo(address);
    client.send(bytes);
    await client.closed();
    const text = client.received.toString('latin1');
    client.destroy();
    return text;
  };
  try {
    assert.match(await asked(`PROXY TCP4 192.0.2.7 198.51.100.1 5000 443\r\n${GET}`), /\r\n\r\n192\.0\.2\.7$/);
    assert.match(await asked(`PROXY TCP6 2001:db8::7 2001:db8::1 5000 443\r\n${GET}`), /\r\n\r\n2001:db8::7$/);
    const binary = proxyHeaderV2({ host: '192.0.2.8', port: 1 }, { host: '192.0.2.1', port: 2 }, [
      { type: 2, value: Buffer.from('a.example') },
    ]);
    assert.match(await asked(binary.toString('latin1') + GET), /\r\n\r\n192\.0\.2\.8$/);
    assert.match(await asked(`PROXY TCP4 192.0.2.66 198.51.100.1 5000 443\r\n${GET}`), /^HTTP\/1.1 404/);
    // The proxy's own connection, as its health checks are.
    assert.match(await asked(`PROXY UNKNOWN\r\n${GET}`), /\r\n\r\n127\.0\.0\.1$/);
    assert.match(await asked(proxyHeaderV2(null, null).toString('latin1') + GET), /\r\n\r\n127\.0\.0\.1$/);
    // Two are open from one client, and the third is too much; another one's is not.
    const open = [];
    for (let count = 0; count < 2; count++) {
      const client = await connectTo(address);
      client.send(`PROXY TCP4 192.0.2.9 198.51.100.1 ${count} 443\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n`);
      await client.text('192.0.2.9');
      open.push(client);
    }
    assert.equal(await asked(`PROXY TCP4 192.0.2.9 198.51.100.1 5000 443\r\n${GET}`), '');
    assert.match(await asked(`PROXY TCP4 192.0.2.10 198.51.100.1 5000 443\r\n${GET}`), /192\.0\.2\.10$/);
    for (const client of open) client.destroy();
    await eventually('all ends', async () => {
      const { counters } = gateway.stats().listeners[0]!;
      return counters.connections === 10 && counters.connectionsClosed === 10;
    });
    assert.equal(gateway.stats().listeners[0]!.counters.connectionsRefused, 1);
  } finally {
    await stop();
    await server.stop();
  }
});

test('an invalid header from a trusted proxy closes the connection and is counted', LIMIT, async () => {
  const server = await teller();
  const { address, gateway, stop } = await startGateway(`listener web on 127.0.0.1:0 {
  accept proxy from 127.0.0.1
  otherwise send to app
}
backend app of 127.0.0.1:${server.address.port}
`);
  const whole = proxyHeaderV2({ host: '192.0.2.8', port: 1 }, { host: '192.0.2.1', port: 2 });
  const lying = Buffer.from(whole);
  lying.writeUInt16BE(4, 14);
  try {
    const bad = [
      GET,
      'PROXY TCP4 192.0.2.7 x 1 2\r\n',
      'PROXY TCP4 1.1.1.1 2.2.2.2 1 99999\r\n',
      lying.toString('latin1'),
    ];
    for (const bytes of bad) {
      const client = await connectTo(address);
      client.send(bytes);
      await client.closed();
      assert.equal(client.received.length, 0);
    }
    const truncated = await connectTo(address);
    truncated.send(whole.subarray(0, 20).toString('latin1'));
    truncated.end();
    await truncated.closed();
    await eventually('all ends', async () => gateway.stats().listeners[0]!.counters.connectionsClosed === 5);
    assert.equal(gateway.stats().listeners[0]!.counters.badRequests, 4);
    assert.equal(server.wires.length, 0);
  } finally {
    await stop();
    await server.stop();
  }
});

test('a header from a stranger is nothing but bytes', LIMIT, async () => {
  const server = await RawServer.start(async (wire) => {
    await wire.text('PROXY TCP4 192.0.2.7 198.51.100.1 5000 443\r\n');
    wire.send('seen');
    await wire.closed();
  });
  const rules = (protocol: string): string => `listener web on 127.0.0.1:0 ${protocol} {
  accept proxy from 10.0.0.0/8
  otherwise send to app
}
backend app of 127.0.0.1:${server.address.port}
`;
  const relay = await startGateway(rules('tcp'));
  const http = await startGateway(rules('http'));
  try {
    for (const { address } of [relay, http]) {
      const client = await connectTo(address);
      client.send('PROXY TCP4 192.0.2.7 198.51.100.1 5000 443\r\n');
      if (address === relay.address) await client.text('seen');
      else await client.text('HTTP/1.1 400');
      client.destroy();
    }
  } finally {
    await relay.stop();
    await http.stop();
    await server.stop();
  }
});

for (const version of ['send-proxy', 'send-proxy-v2']) {
  test(`HAProxy's ${version} is understood, before http and before TLS`, {
    ...LIMIT,
    ...skipUnless('haproxy', 'curl', 'openssl'),
  }, async () => {
    const server = await teller();
    const pem = join(temporaryFolder(), 'edge.pem');
    const make = [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-subj',
      '/CN=edge',
    ];
    execFileSync('openssl', [...make, '-keyout', pem, '-out', `${pem}.crt`], { stdio: 'ignore' });
    execFileSync('sh', ['-c', `cat "${pem}.crt" >> "${pem}"`]);
    const inner = await startGateway(`listener web on 127.0.0.1:0 {
  accept proxy from 127.0.0.1
  tls terminate cert "${pem}"
  otherwise send to app
}
backend app of 127.0.0.1:${server.address.port}
`);
    const plain = await startGateway(`listener web on 127.0.0.1:0 {
  accept proxy from 127.0.0.1
  otherwise send to app
}
backend app of 127.0.0.1:${server.address.port}
`);
    const inTcp = await startHaproxy(inner.address, version, 'tcp');
    const inHttp = await startHaproxy(plain.address, version);
    try {
      for (const url of [`https://127.0.0.1:${inTcp.address.port}/`, `http://127.0.0.1:${inHttp.address.port}/`]) {
        const curl = new Program('curl', ['-sk', '-m', '20', '--interface', '127.0.0.9', url]);
        await curl.exited;
        assert.equal(curl.output, '127.0.0.9');
      }
    } finally {
      await inTcp.program.stop();
      await inHttp.program.stop();
      await inner.stop();
      await plain.stop();
      await server.stop();
    }
  });
}
