/**
 * gRPC, with its own client and server: calls of every kind through the gateway, plain and over TLS.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import {
  Client,
  type ClientDuplexStream,
  credentials,
  Metadata,
  Server,
  ServerCredentials,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { Authority, hasOpenssl } from '@sluice/plugin-kit/tls';
import { createGateway, type Gateway } from 'sluice';
import { type Address, temporaryFolder } from '../kit/index.ts';

const text = (value: string) => Buffer.from(value);
const untext = (bytes: Buffer) => bytes.toString();
const call = (path: string, requestStream: boolean, responseStream: boolean) => ({
  path: `/test.Words/${path}`,
  requestStream,
  responseStream,
  requestSerialize: text,
  requestDeserialize: untext,
  responseSerialize: text,
  responseDeserialize: untext,
});
const WORDS = {
  say: call('say', false, false),
  spell: call('spell', false, true),
  join: call('join', true, false),
  talk: call('talk', true, true),
  sleep: call('sleep', false, false),
};

const server = new Server();
server.addService(WORDS, {
  say: (
    got: { request: string; metadata: Metadata },
    done: (error: unknown, value?: string, trailer?: Metadata) => void,
  ) => {
    if (got.request === 'fail') return done({ code: status.FAILED_PRECONDITION, details: 'not today' });
    const trailer = new Metadata();
    trailer.set('x-after', 'yes');
    done(null, `${got.request} ${got.metadata.get('x-mine')[0] ?? ''}`.trim(), trailer);
  },
  spell: (stream: { request: string; write(text: string): void; end(): void }) => {
    for (const letter of stream.request) stream.write(letter);
    stream.end();
  },
  join: (stream: NodeJS.ReadableStream, done: (error: unknown, value: string) => void) => {
    let all = '';
    stream.on('data', (piece: string) => (all += piece));
    stream.on('end', () => done(null, all));
  },
  talk: (stream: ClientDuplexStream<string, string>) => {
    stream.on('data', (piece: string) => stream.write(piece.toUpperCase()));
    stream.on('end', () => stream.end());
  },
  sleep: () => {},
} as never);

let gateway: Gateway;
let authority: Authority | null = null;
let to: number;

before(async () => {
  to = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(port) : reject(error),
    );
  });
  if (hasOpenssl) {
    authority = new Authority(temporaryFolder());
    authority.issue('site', ['site.test']);
  }
  const secure =
    authority === null
      ? ''
      : `listener secure on 127.0.0.1:0 {
  tls terminate cert "${authority.at('site.pem')}"
  otherwise send to words
}`;
  gateway = await createGateway({
    rules: `listener web on 127.0.0.1:0 {
  otherwise send to words
}
${secure}
backend words of 127.0.0.1:${to} {
  protocol http2
}
`,
    threads: 2,
    logger: false,
  });
  await gateway.start();
});
after(async () => {
  server.forceShutdown();
  await gateway?.stop({ deadline: '1s' });
});

function unary(
  client: Client,
  name: keyof typeof WORDS,
  request: string,
  metadata = new Metadata(),
  deadlineMs = 5000,
) {
  const { path, requestSerialize, responseDeserialize } = WORDS[name];
  return new Promise<{ value: string; trailer: Metadata | null }>((resolve, reject) => {
    let value = '';
    const options = { deadline: Date.now() + deadlineMs };
    const one = client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      metadata,
      options,
      (error, got) => {
        if (error !== null) reject(error);
        else value = got!;
      },
    );
    one.on('status', (end) => resolve({ value, trailer: end.metadata }));
  });
}

for (const how of ['plain', 'over TLS'] as const) {
  describe(how, { skip: how === 'over TLS' && !hasOpenssl ? 'openssl not installed' : false }, () => {
    let client: Client;

    before(() => {
      const { port } = gateway.addresses()[how === 'plain' ? 'web' : 'secure'] as Address;
      client =
        how === 'plain'
          ? new Client(`127.0.0.1:${port}`, credentials.createInsecure())
          : new Client(`127.0.0.1:${port}`, credentials.createSsl(readFileSync(authority!.at('root.crt'))), {
              'grpc.ssl_target_name_override': 'site.test',
            });
    });
    after(() => client?.close());

    test('a call and its answer, with metadata both ways', async () => {
      const metadata = new Metadata();
      metadata.set('x-mine', 'too');
      const { value, trailer } = await unary(client, 'say', 'hello', metadata);
      assert.equal(value, 'hello too');
      assert.deepEqual(trailer?.get('x-after'), ['yes']);
    });

    test('an error has its code and message, from trailers', async () => {
      await assert.rejects(unary(client, 'say', 'fail'), (error: ServiceError) => {
        assert.equal(error.code, status.FAILED_PRECONDITION);
        assert.equal(error.details, 'not today');
        return true;
      });
    });

    test('an unknown method is reported', async () => {
      const unknown = new Promise((_, reject) => {
        client.makeUnaryRequest('/test.Words/none', text, untext, 'x', (error) => reject(error));
      });
      await assert.rejects(unknown, { code: status.UNIMPLEMENTED });
    });

    test('a deadline ends the call on both sides', async () => {
      await assert.rejects(unary(client, 'sleep', 'x', new Metadata(), 200), { code: status.DEADLINE_EXCEEDED });
    });

    test('the server streams', async () => {
      const { path, requestSerialize, responseDeserialize } = WORDS.spell;
      let got = '';
      for await (const letter of client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, 'letters'))
        got += letter;
      assert.equal(got, 'letters');
    });

    test('the client streams', async () => {
      const { path, requestSerialize, responseDeserialize } = WORDS.join;
      const joined = new Promise<string>((resolve, reject) => {
        const stream = client.makeClientStreamRequest(path, requestSerialize, responseDeserialize, (error, value) =>
          error === null ? resolve(value!) : reject(error),
        );
        for (const piece of ['a', 'b', 'c']) stream.write(piece);
        stream.end();
      });
      assert.equal(await joined, 'abc');
    });

    test('both stream at once', async () => {
      const { path, requestSerialize, responseDeserialize } = WORDS.talk;
      const stream = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
      for (const word of ['one', 'two']) {
        stream.write(word);
        assert.equal((await once(stream, 'data'))[0], word.toUpperCase());
      }
      const ended = once(stream, 'end');
      stream.end();
      stream.resume();
      await ended;
    });
  });
}

test('a gateway that cannot reach the server is UNAVAILABLE to the client', async () => {
  const own = await createGateway({
    rules: `listener web on 127.0.0.1:0 {
  otherwise send to words
}
backend words of 127.0.0.1:1 {
  protocol http2
  retry 0
}
`,
    threads: 0,
    logger: false,
  });
  await own.start();
  const client = new Client(`127.0.0.1:${(own.addresses().web as Address).port}`, credentials.createInsecure());
  await assert.rejects(unary(client, 'say', 'hello'), { code: status.UNAVAILABLE });
  client.close();
  await own.stop({ deadline: '1s' });
});
