/**
 * Who the client is: what trusted proxies write, what cannot be read, and which fields servers get, over HTTP/1 and HTTP/2; explain says
 * the same.
 */
import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { connect } from 'node:http2';
import { after, before, describe, test } from 'node:test';
import { createGateway, type Gateway } from 'sluice';
import { type Address, connectTo, skipUnless, startCgiServer, variables } from '../kit/index.ts';

let server: Server;
let gateway: Gateway;

const listener = (name: string, lines: string): string => `listener ${name} on 127.0.0.1:0 {
  ${lines}
  deny not ip 198.51.100.0/24, 2001:db8::/32, 127.0.0.0/8
  deny ip 198.51.100.66
  deny header X-Debug present
  set header X-Secret to "own"
  remove header X-Gone
  set header X-Client to "{ip}"
  otherwise send to app
}
`;

before(async () => {
  server = createServer((request, response) => {
    request
      .resume()
      .on('end', () => response.end(JSON.stringify({ fields: request.rawHeaders, trailers: request.rawTrailers })));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const rules =
    listener('plain', '') +
    listener('xff', 'client ip from header X-Forwarded-For trust 127.0.0.0/8, 10.0.0.0/8') +
    listener('forwarded', 'client ip from header Forwarded trust 127.0.0.0/8, 10.0.0.0/8') +
    listener('cdn', 'client ip from header CF-Connecting-IP trust 127.0.0.0/8') +
    listener('own', 'client ip from header X-My-Client trust 127.0.0.0/8') +
    listener('stranger', 'client ip from header X-My-Client trust 10.0.0.0/8') +
    listener(
      'keep',
      'client ip from header X-Forwarded-For trust 127.0.0.0/8 keep X-Forwarded-Proto, X-Forwarded-Port',
    ) +
    `backend app of 127.0.0.1:${port}\n`;
  gateway = await createGateway({ rules, threads: 0, logger: false });
  await gateway.start();
});

after(async () => {
  await gateway.stop({ deadline: '1s' });
  server.close();
});

interface Seen {
  readonly status: number;
  /** The server's fields, by lower-case names. */
  all(name: string): string[];
  readonly trailers: readonly string[];
}

function seenIn(status: number, body: string): Seen {
  const { fields, trailers } =
    status === 200 ? (JSON.parse(body) as { fields: string[]; trailers: string[] }) : { fields: [], trailers: [] };
  return {
    status,
    trailers,
    all: (name) => fields.filter((_, index) => index % 2 === 1 && fields[index - 1]!.toLowerCase() === name),
  };
}

async function overHttp1(at: string, headers: readonly string[]): Promise<Seen> {
  const client = await connectTo(gateway.addresses()[at] as Address);
  client.send(`GET /x HTTP/1.1\r\nHost: shop.example\r\n${headers.map((line) => `${line}\r\n`).join('')}\r\n`);
  const answer = await client.answer();
  client.destroy();
  return seenIn(answer.status, answer.body.toString());
}

async function overHttp2(at: string, headers: readonly string[], trailers?: IncomingHttpHeaders): Promise<Seen> {
  const { host, port } = gateway.addresses()[at] as Address;
  const session = connect(`http://${host}:${port}`);
  const fields: Record<string, string | string[]> = { ':path': '/x', ':authority': 'shop.example' };
  for (const line of headers) {
    const [name, value] = split(line);
    const key = name.toLowerCase();
    fields[key] = key in fields ? [fields[key]!, value].flat() : value;
  }
  if (trailers !== undefined) fields[':method'] = 'POST';
  const stream = session.request(fields, trailers === undefined ? {} : { endStream: false, waitForTrailers: true });
  if (trailers !== undefined) {
    stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    stream.end('x');
  }
  let status = 0;
  let body = '';
  stream.setEncoding('utf8').on('data', (piece: string) => {
    body += piece;
  });
  stream.on('response', (head) => {
    status = head[':status']!;
  });
  await new Promise<void>((resolve, reject) => stream.on('close', resolve).on('error', reject));
  await new Promise<void>((resolve) => session.close(resolve));
  return seenIn(status, body);
}

function split(line: string): [name: string, value: string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon), line.slice(colon + 1).trim()];
}

/** The client that servers are told, or the status that refuses; the same over both, and by explain. */
async function judged(at: string, ...headers: string[]): Promise<string | number> {
  const [one, two] = await Promise.all([overHttp1(at, headers), overHttp2(at, headers)]);
  assert.equal(two.status, one.status, 'HTTP/1 and HTTP/2 agree');
  assert.deepEqual(two.all('x-client'), one.all('x-client'));
  const { verdict, request, edits } = await gateway.explain({
    request: 'GET http://shop.example/x from 127.0.0.1',
    headers: headers.map(split),
    listener: at,
  });
  if (one.status !== 200) {
    assert.equal(verdict.kind === 'answer' ? verdict.status : verdict.kind, one.status, 'explain agrees');
    return one.status;
  }
  assert.equal(verdict.kind, 'send', 'explain agrees');
  const client = one.all('x-client')[0]!;
  assert.equal(request.ip, client);
  assert.equal(edits.find(({ name }) => name === 'X-Client')?.value, client);
  return client;
}

describe('the client that a trusted proxy names', () => {
  for (const written of [
    '198.51.100.7',
    '198.51.100.7:4711',
    '"198.51.100.7"',
    '198.51.100.7,',
    '6.6.6.6 , 198.51.100.7',
  ]) {
    test(`X-Forwarded-For: ${written}`, async () => {
      assert.equal(await judged('xff', `X-Forwarded-For: ${written}`), '198.51.100.7');
    });
  }
  for (const written of ['2001:db8::9', '[2001:db8::9]', '[2001:db8::9]:4711', '"[2001:DB8::9]:4711"']) {
    test(`X-Forwarded-For: ${written}`, async () => {
      assert.equal(await judged('xff', `X-Forwarded-For: ${written}`), '2001:db8::9');
    });
  }
  test('several X-Forwarded-For lines are one list', async () => {
    const lines = ['X-Forwarded-For: 6.6.6.6', 'X-Forwarded-For: 198.51.100.7', 'X-Forwarded-For: 10.0.0.9:80'];
    assert.equal(await judged('xff', ...lines), '198.51.100.7');
  });
  test('an address that is denied is denied in every form', async () => {
    for (const written of ['198.51.100.66:1', '"198.51.100.66"', '::ffff:198.51.100.66', '198.51.100.66,'])
      assert.equal(await judged('xff', `X-Forwarded-For: ${written}`), 403, written);
  });
  test('what cannot be read is refused, and never taken for the proxy', async () => {
    for (const written of [
      'unknown',
      '_hidden',
      '',
      ',',
      '198.51.100',
      '198.51.100.7 x',
      '[2001:db8::9',
      '6.6.6.6, unknown',
    ])
      assert.equal(await judged('xff', `X-Forwarded-For: ${written}`), 400, written);
  });
  test('Forwarded is read as RFC 7239 has it', async () => {
    assert.equal(await judged('forwarded', 'Forwarded: for=6.6.6.6, for="198.51.100.7:1";proto=https'), '198.51.100.7');
    assert.equal(await judged('forwarded', 'Forwarded: for="[2001:db8::9]:4711", for=10.0.0.1'), '2001:db8::9');
    for (const written of ['for=unknown', 'for=_x', 'proto=https', 'for=127.0.0.1;x=", for=198.51.100.7', ''])
      assert.equal(await judged('forwarded', `Forwarded: ${written}`), 400, written);
  });
  test('a proxy that forwards no client is the client itself', async () => {
    assert.equal(await judged('xff'), '127.0.0.1');
  });
});

describe('the header that the rule names is the only one that is believed', () => {
  const LIES = [
    'Forwarded: for=6.6.6.6;host=evil',
    'X-Real-IP: 6.6.6.6',
    'X-Forwarded-Host: evil',
    'X-Forwarded-Proto: evil',
    'X-Forwarded-Port: 666',
    'X-Forwarded-Server: evil',
    'X-Forwarded-Prefix: /evil',
    'True-Client-IP: 6.6.6.6',
    'X-Client-IP: 6.6.6.6',
    'Client-IP: 6.6.6.6',
    'X_Forwarded_For: 6.6.6.6',
    'X_Real_IP: 6.6.6.6',
    'X.Forwarded.Host: evil',
  ];
  const ours = ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'forwarded'];
  const others = LIES.map((line) => split(line)[0].toLowerCase()).filter((name) => !ours.includes(name));

  for (const ask of [overHttp1, overHttp2]) {
    test(`the others are made by the gateway or dropped: ${ask.name}`, async () => {
      const seen = await ask('xff', [...LIES, 'X-Forwarded-For: 6.6.6.6, 198.51.100.7, 10.0.0.9']);
      assert.deepEqual(seen.all('x-forwarded-for'), ['198.51.100.7, 10.0.0.9, 127.0.0.1']);
      assert.deepEqual(seen.all('x-forwarded-proto'), ['http']);
      assert.deepEqual(seen.all('x-forwarded-host'), ['shop.example']);
      assert.deepEqual(seen.all('forwarded'), [
        'for=198.51.100.7, for=10.0.0.9, for=127.0.0.1;host=shop.example;proto=http',
      ]);
      for (const name of others) assert.deepEqual(seen.all(name), [], name);
    });
  }
  test('without trust nothing is believed', async () => {
    const seen = await overHttp1('plain', [...LIES, 'X-Forwarded-For: 198.51.100.7', 'CF-Connecting-IP: 6.6.6.6']);
    assert.deepEqual(seen.all('x-forwarded-for'), ['127.0.0.1']);
    for (const name of [...others, 'cf-connecting-ip']) assert.deepEqual(seen.all(name), [], name);
  });
  test('another header is passed on as it was understood, and X-Forwarded-For made from it', async () => {
    for (const [at, name] of [
      ['cdn', 'CF-Connecting-IP'],
      ['own', 'X-My-Client'],
    ] as const) {
      const seen = await overHttp1(at, [`${name}: 6.6.6.6, [2001:db8::9]:1`, 'X-Forwarded-For: 6.6.6.6']);
      assert.deepEqual(seen.all(name.toLowerCase()), ['2001:db8::9'], name);
      assert.deepEqual(seen.all('x-forwarded-for'), ['2001:db8::9, 127.0.0.1']);
      assert.equal(await judged(at, `${name}: 198.51.100.7`), '198.51.100.7');
      assert.equal(await judged(at, `${name}: unknown`), 400);
    }
  });
  test('from a stranger it is dropped, in every spelling', async () => {
    const seen = await overHttp1('stranger', ['X-My-Client: 6.6.6.6', 'X_My_Client: 6.6.6.6']);
    assert.equal(seen.status, 200);
    assert.deepEqual([seen.all('x-my-client'), seen.all('x_my_client')], [[], []]);
  });
  test('`keep` passes others of a trusted proxy on as they came', async () => {
    const seen = await overHttp1('keep', [...LIES, 'X-Forwarded-For: 198.51.100.7']);
    assert.deepEqual(seen.all('x-forwarded-proto'), ['evil']);
    assert.deepEqual(seen.all('x-forwarded-port'), ['666']);
    assert.deepEqual(seen.all('x-forwarded-host'), ['shop.example']);
    assert.deepEqual(seen.all('x-real-ip'), []);
  });
});

describe('a name that rules read or write is theirs in every spelling', () => {
  const SPELLINGS = ['X_Secret', 'x-secret', 'X.Secret', 'x~secret', 'X_Gone', 'X-Gone', 'X_Debug', 'X.Debug'];

  for (const ask of [overHttp1, overHttp2]) {
    test(`servers see what rules saw: ${ask.name}`, async () => {
      const seen = await ask('plain', [...SPELLINGS.map((name) => `${name}: evil`), 'X_Other: kept', 'api_key: kept']);
      assert.equal(seen.status, 200);
      assert.deepEqual(seen.all('x-secret'), ['own']);
      for (const name of SPELLINGS.map((each) => each.toLowerCase()).filter((each) => each !== 'x-secret'))
        assert.deepEqual(seen.all(name), [], name);
      assert.deepEqual([seen.all('x_other'), seen.all('api_key')], [['kept'], ['kept']]);
    });
  }
  test('trailers with such names are not forwarded', async () => {
    const http2 = await overHttp2('plain', [], {
      'x-secret': 'evil',
      x_secret: 'evil',
      x_forwarded_for: '6.6.6.6',
      'x-sum': '1',
    });
    const client = await connectTo(gateway.addresses().plain as Address);
    client.send(
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n' +
        'X-Secret: evil\r\nX_Secret: evil\r\nX_Forwarded_For: 6.6.6.6\r\nX-Sum: 1\r\n\r\n',
    );
    const http1 = seenIn(200, (await client.answer()).body.toString());
    client.destroy();
    for (const { trailers } of [http1, http2])
      assert.deepEqual(
        trailers.map((each) => each.toLowerCase()),
        ['x-sum', '1'],
      );
  });
  test('explain shows what is removed', async () => {
    const { edits } = await gateway.explain({
      request: 'GET http://shop.example/',
      headers: ['X_Debug: 1', 'X_Forwarded_For: 6.6.6.6', 'X_Other: 1'],
      listener: 'plain',
    });
    const removed = edits.filter(({ edit }) => edit === 'remove').map(({ name }) => name);
    assert.deepEqual(removed, ['x_debug', 'x_forwarded_for', 'X-Gone']);
  });
});

test(
  'a server where headers are variables has none from the client that are not its own to send',
  skipUnless('lighttpd'),
  async () => {
    const cgi = await startCgiServer();
    const rules = `listener web on 127.0.0.1:0 {
  deny header X-Debug present
  set header X-Secret to "own"
  otherwise send to app
}
backend app of 127.0.0.1:${cgi.address.port}
`;
    const own = await createGateway({ rules, threads: 0, logger: false });
    await own.start();
    const names = ['X-Secret', 'X-Forwarded-For', 'X-Forwarded-Proto', 'X-Real-IP', 'X-Debug'];
    const spelt = names.flatMap((name) => ['_', '.', '~', '!'].map((char) => name.replaceAll('-', char)));
    const ask = async (at: Address, fields: readonly string[]) => {
      const client = await connectTo(at);
      client.send(`GET /env HTTP/1.1\r\nHost: a\r\n${fields.map((name) => `${name}: evil\r\n`).join('')}\r\n`);
      const answer = await client.answer();
      client.destroy();
      assert.equal(answer.status, 200);
      return variables(answer.body.toString());
    };
    const straight = await ask(cgi.address, ['X.Secret', 'X_Debug']);
    assert.equal(straight.get('HTTP_X_SECRET'), 'evil', 'the server folds names');
    const behind = await ask(own.addresses().web as Address, [...spelt, 'X_Plain']);
    assert.equal(behind.get('HTTP_X_SECRET'), 'own');
    assert.equal(behind.get('HTTP_X_FORWARDED_FOR'), '127.0.0.1');
    assert.equal(behind.get('HTTP_X_FORWARDED_PROTO'), 'http');
    assert.equal(behind.get('HTTP_X_REAL_IP'), undefined);
    assert.equal(behind.get('HTTP_X_DEBUG'), undefined);
    assert.equal(behind.get('HTTP_X_PLAIN'), 'evil');
    await own.stop({ deadline: '1s' });
    await cgi.stop();
  },
);
