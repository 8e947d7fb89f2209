/**
 * Every client through every mode: what each of them asks is answered by the server behind, over the protocol that it should be.
 */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Client, credentials, Server as GrpcServer, ServerCredentials } from '@grpc/grpc-js';
import { Authority, hasOpenssl } from '@sluice/plugin-kit/tls';
import { createGateway, type Gateway } from 'sluice';
import { Program, skipUnless, temporaryFolder, WebApp } from '../kit/index.ts';

const LIMIT = 60_000;
const folder = temporaryFolder();
const upload = randomBytes(500_000);
const digest = createHash('sha256').update(upload).digest('hex');
writeFileSync(join(folder, 'upload'), upload);

/** Protocol is what a client and the gateway, or whoever opens its TLS, speak. */
type Protocol = 'http/1.1' | 'h2';

interface Mode {
  readonly name: string;
  /** What the client speaks is TLS. */
  readonly isSecure: boolean;
  /** What it may speak. */
  readonly protocols: readonly Protocol[];
  /** What the server hears. */
  readonly heard: (client: Protocol) => Protocol;
  readonly listener: string;
  readonly backend: string;
  readonly server: 'plain' | 'h2c' | 'tls';
}

const same = (client: Protocol): Protocol => client;
const BOTH: readonly Protocol[] = ['http/1.1', 'h2'];
const TERMINATE = 'tls terminate cert "PEM"';
const BRIDGE = 'tls bridge ca "CA" name site.test';

/** A mode's listener and backend are named after it. */
const MODES: readonly Mode[] = [
  {
    name: 'plain',
    isSecure: false,
    protocols: BOTH,
    heard: () => 'http/1.1',
    listener: '',
    backend: '',
    server: 'plain',
  },
  {
    name: 'plain-to-h2',
    isSecure: false,
    protocols: BOTH,
    heard: () => 'h2',
    listener: '',
    backend: 'protocol http2',
    server: 'h2c',
  },
  {
    name: 'offload',
    isSecure: true,
    protocols: BOTH,
    heard: () => 'http/1.1',
    listener: TERMINATE,
    backend: '',
    server: 'plain',
  },
  {
    name: 'offload-to-h2',
    isSecure: true,
    protocols: BOTH,
    heard: () => 'h2',
    listener: TERMINATE,
    backend: 'protocol http2',
    server: 'h2c',
  },
  {
    name: 'bridge',
    isSecure: true,
    protocols: BOTH,
    heard: () => 'http/1.1',
    listener: TERMINATE,
    backend: BRIDGE,
    server: 'tls',
  },
  {
    name: 'bridge-to-h2',
    isSecure: true,
    protocols: BOTH,
    heard: () => 'h2',
    listener: TERMINATE,
    backend: `${BRIDGE}; protocol http2`,
    server: 'tls',
  },
  {
    name: 'passthrough',
    isSecure: true,
    protocols: BOTH,
    heard: same,
    listener: 'tls passthrough',
    backend: 'tls passthrough',
    server: 'tls',
  },
  { name: 'tcp', isSecure: false, protocols: ['http/1.1'], heard: same, listener: '', backend: '', server: 'plain' },
  { name: 'tcp-to-h2', isSecure: false, protocols: ['h2'], heard: same, listener: '', backend: '', server: 'h2c' },
  {
    name: 'tcp-bridge',
    isSecure: false,
    protocols: ['http/1.1'],
    heard: same,
    listener: '',
    backend: BRIDGE,
    server: 'tls',
  },
];

const isTcp = ({ name }: Mode): boolean => name.startsWith('tcp') || name === 'passthrough';

/** Asked is where a client finds a mode. */
interface Asked {
  readonly mode: Mode;
  readonly port: number;
  readonly url: string;
  readonly ca: string;
}

interface Tool {
  readonly name: string;
  readonly needs: readonly string[];
  readonly protocol: Protocol;
  /** False: it cannot do that. */
  can(mode: Mode): boolean;
  /** ask asks once, or a few times, and asserts that it is answered. */
  ask(asked: Asked): Promise<void>;
}

async function outputOf(command: string, args: readonly string[]): Promise<string> {
  const program = new Program(command, args);
  const { code } = await program.exited;
  assert.equal(code, 0, `${command} ${args.join(' ')}: ${program.output}`);
  return program.output;
}

function curl(name: string, flag: string, protocol: Protocol, can: Tool['can']): Tool {
  return {
    name,
    needs: ['curl'],
    protocol,
    can,
    async ask({ url, port, ca, mode }) {
      const where = ['--connect-to', `site.test:${port}:127.0.0.1:${port}`, '--cacert', ca, '-sS', '-m', '30', flag];
      const got = await outputOf('curl', [...where, '-w', ' %{http_version} %{response_code}', `${url}/get`]);
      assert.equal(got, `${mode.name} ${protocol === 'h2' ? '2' : '1.1'} 200`);
      const sent = await outputOf('curl', [...where, '--data-binary', `@${join(folder, 'upload')}`, `${url}/post`]);
      assert.equal(sent, digest);
    },
  };
}

const TOOLS: readonly Tool[] = [
  curl('curl --http1.1', '--http1.1', 'http/1.1', () => true),
  curl('curl --http2', '--http2', 'h2', ({ isSecure }) => isSecure),
  curl('curl --http2-prior-knowledge', '--http2-prior-knowledge', 'h2', () => true),
  {
    name: 'openssl s_client',
    needs: ['openssl'],
    protocol: 'http/1.1',
    can: ({ isSecure }) => isSecure,
    async ask({ port, ca, mode }) {
      const request = join(folder, 'request');
      writeFileSync(request, 'GET /get HTTP/1.1\r\nHost: site.test\r\nConnection: close\r\n\r\n');
      const flags = `-quiet -ign_eof -verify_return_error -CAfile ${ca} -servername site.test -alpn http/1.1`;
      const output = await outputOf('/bin/sh', [
        '-c',
        `openssl s_client ${flags} -connect 127.0.0.1:${port} < ${request}`,
      ]);
      assert.match(output, /HTTP\/1\.1 200 /);
      assert.match(output, new RegExp(`\\r\\n\\r\\n(?:[0-9a-f]+\\r\\n)?${mode.name}`));
    },
  },
  {
    name: 'nghttp',
    needs: ['nghttp'],
    protocol: 'h2',
    can: () => true,
    async ask({ mode, port }) {
      const url = `${mode.isSecure ? 'https' : 'http'}://127.0.0.1:${port}/get`;
      const header = ['-H', ':authority: site.test', ...(mode.isSecure ? ['--sni', 'site.test'] : [])];
      // It says nothing of SNI on some releases, so what it can is asked first.
      const known = new Program('nghttp', ['--help']);
      await known.exited;
      const flags = known.output.includes('--sni') ? header : header.slice(0, 2);
      const output = await outputOf('nghttp', ['-v', '-t', '30', '-y', ...flags, url]);
      assert.match(output, /:status: 200/);
      assert.ok(output.includes(mode.name), output);
    },
  },
  {
    name: 'h2load',
    needs: ['h2load'],
    protocol: 'h2',
    can: () => true,
    async ask({ mode, port }) {
      const url = `${mode.isSecure ? 'https' : 'http'}://127.0.0.1:${port}/get`;
      const sni = mode.isSecure ? ['--sni', 'site.test'] : [];
      const known = new Program('h2load', ['--help']);
      await known.exited;
      const flags = known.output.includes('--sni') ? sni : [];
      const output = await outputOf('h2load', ['-n', '200', '-c', '4', '-m', '10', ...flags, url]);
      assert.match(output, /200 total, 200 started, 200 done, 200 succeeded, 0 failed, 0 errored, 0 timeout/);
      if (mode.isSecure) assert.match(output, /Application protocol: h2/);
    },
  },
];

const skip = hasOpenssl ? false : 'openssl not installed';

describe('every client through every mode', { skip, timeout: 10 * LIMIT }, () => {
  let gateway: Gateway;
  let authority: Authority;
  const apps = new Map<string, WebApp>();

  before(async () => {
    authority = new Authority(temporaryFolder());
    // By its address too, for clients that cannot be told another name.
    const pem = authority.issue('site', ['site.test', '127.0.0.1']);
    const fill = (text: string): string => text.replace('PEM', pem).replace('CA', authority.at('root.crt'));
    const parts: string[] = [];
    for (const mode of MODES) {
      const options =
        mode.server === 'tls' ? { pem: readFileSync(pem, 'utf8') } : { isHttp2Only: mode.server === 'h2c' };
      const app = await WebApp.start(mode.name, options);
      apps.set(mode.name, app);
      parts.push(`listener ${mode.name} on 127.0.0.1:0${isTcp(mode) ? ' tcp' : ''} {
  ${fill(mode.listener)}
  otherwise send to ${mode.name}
}
backend ${mode.name} of 127.0.0.1:${app.address.port} {
  ${fill(mode.backend)}
}`);
    }
    gateway = await createGateway({ rules: parts.join('\n'), threads: 2, logger: false });
    await gateway.start();
  });
  after(async () => {
    await gateway?.stop({ deadline: 0 });
    for (const app of apps.values()) await app.stop();
  });

  for (const tool of TOOLS) {
    for (const mode of MODES) {
      if (!mode.protocols.includes(tool.protocol) || !tool.can(mode)) continue;
      test(`${tool.name}, ${mode.name}`, { ...skipUnless(...tool.needs), timeout: LIMIT }, async () => {
        const { port } = gateway.addresses()[mode.name] as { port: number };
        const app = apps.get(mode.name)!;
        app.requests.length = 0;
        const url = `${mode.isSecure ? 'https' : 'http'}://site.test:${port}`;
        await tool.ask({ mode, port, url, ca: authority.at('root.crt') });
        const version = mode.heard(tool.protocol) === 'h2' ? '2.0' : '1.1';
        assert.ok(app.requests.length > 0);
        for (const request of app.requests) assert.ok(request.endsWith(` ${version}`), `${request}, not ${version}`);
      });
    }
  }
});

describe('gRPC through every mode that carries HTTP/2 to the end', { skip, timeout: 10 * LIMIT }, () => {
  const servers: GrpcServer[] = [];
  let gateway: Gateway;
  let root: Buffer;
  const text = (value: string): Buffer => Buffer.from(value);
  const untext = (bytes: Buffer): string => bytes.toString();
  const say = {
    path: '/test.Words/say',
    requestStream: false,
    responseStream: false,
    requestSerialize: text,
    requestDeserialize: untext,
    responseSerialize: text,
    responseDeserialize: untext,
  };
  const modes = MODES.filter(({ name }) =>
    ['plain-to-h2', 'offload-to-h2', 'bridge-to-h2', 'passthrough', 'tcp-to-h2'].includes(name),
  );

  before(async () => {
    const authority = new Authority(temporaryFolder());
    const pem = authority.issue('site', ['site.test']);
    root = readFileSync(authority.at('root.crt'));
    const fill = (text: string): string => text.replace('PEM', pem).replace('CA', authority.at('root.crt'));
    const parts: string[] = [];
    for (const mode of modes) {
      const server = new GrpcServer();
      server.addService({ say }, {
        say: ({ request }: { request: string }, done: (error: null, value: string) => void) =>
          done(null, `${request} by ${mode.name}`),
      } as never);
      const own =
        mode.server === 'tls'
          ? ServerCredentials.createSsl(null, [
              {
                cert_chain: readFileSync(authority.at('site.crt')),
                private_key: readFileSync(authority.at('site.key')),
              },
            ])
          : ServerCredentials.createInsecure();
      const port = await new Promise<number>((resolve, reject) => {
        server.bindAsync('127.0.0.1:0', own, (error, bound) => (error === null ? resolve(bound) : reject(error)));
      });
      servers.push(server);
      parts.push(`listener ${mode.name} on 127.0.0.1:0${isTcp(mode) ? ' tcp' : ''} {
  ${fill(mode.listener)}
  otherwise send to ${mode.name}
}
backend ${mode.name} of 127.0.0.1:${port} {
  ${fill(mode.backend)}
}`);
    }
    gateway = await createGateway({ rules: parts.join('\n'), threads: 2, logger: false });
    await gateway.start();
  });
  after(async () => {
    for (const server of servers) server.forceShutdown();
    await gateway?.stop({ deadline: 0 });
  });

  for (const mode of modes) {
    test(`@grpc/grpc-js, ${mode.name}`, { timeout: LIMIT }, async () => {
      const { port } = gateway.addresses()[mode.name] as { port: number };
      const own = mode.isSecure ? credentials.createSsl(root) : credentials.createInsecure();
      const named = { 'grpc.ssl_target_name_override': 'site.test', 'grpc.default_authority': 'site.test' };
      const client = new Client(`127.0.0.1:${port}`, own, mode.isSecure ? named : {});
      const said = await new Promise<string>((resolve, reject) => {
        client.makeUnaryRequest(
          say.path,
          text,
          untext,
          'hello',
          { deadline: Date.now() + LIMIT / 2 },
          (error, value) => (error === null ? resolve(value!) : reject(error)),
        );
      });
      client.close();
      assert.equal(said, `hello by ${mode.name}`);
    });
  }
});
