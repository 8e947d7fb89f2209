/**
 * An authority that believes everybody, and whose every answer can be spoiled: for what no real one would say. Test code.
 */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { der, keyPem, makeCertificate, makeKeyPair } from '@sluice/certificates/make';

export interface Said {
  status: number;
  headers: Record<string, string>;
  body: string;
  /** Nothing is said, and the connection breaks off. */
  isBroken?: boolean;
}

/** Spoil changes what is said. */
export type Spoil = (path: string, said: Said) => void;

export class FakeAuthority {
  readonly ca: string;
  /** The paths that were asked for, in order. */
  readonly asked: string[] = [];
  /** What the payloads were, by path. */
  readonly payloads: Record<string, unknown>[] = [];
  spoil: Spoil = () => {};
  /** What renewal information says; null: there is none. */
  window: { start: string; end: string } | null = null;
  /** How long its certificates live. */
  days = 90;
  now: () => number = Date.now;
  readonly #server: Server;
  readonly #root: { readonly certificate: string; readonly key: KeyObject };
  #names: string[] = [];
  #isFinal = false;
  #certificate = '';
  #nonce = 0;

  private constructor(server: Server, ca: string, root: { certificate: string; key: KeyObject }) {
    this.#server = server;
    this.ca = ca;
    this.#root = root;
    server.on('request', (request, response) => void this.#answer(request, response));
  }

  static async start(): Promise<FakeAuthority> {
    const now = new Date();
    const own = await makeKeyPair('ecdsa');
    const cert = makeCertificate(
      { publicKey: own.publicKey, commonName: 'fake', names: ['127.0.0.1'], isAuthority: false, days: 2, now },
      own.privateKey,
    );
    const rootPair = await makeKeyPair('ecdsa');
    const certificate = makeCertificate(
      { publicKey: rootPair.publicKey, commonName: 'root', names: [], isAuthority: true, days: 90, now },
      rootPair.privateKey,
    );
    const server = createServer({ cert, key: keyPem(own.privateKey) });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const ca = join(mkdtempSync(join(tmpdir(), 'sluice-fake-')), 'ca.pem');
    writeFileSync(ca, cert);
    return new FakeAuthority(server, ca, { certificate, key: rootPair.privateKey });
  }

  get origin(): string {
    return `https://127.0.0.1:${(this.#server.address() as { port: number }).port}`;
  }

  get directory(): string {
    return `${this.origin}/directory`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    request.on('error', () => {});
    for await (const piece of request) text += piece;
    const path = request.url!;
    this.asked.push(path);
    const payload = text === '' ? {} : payloadOf(text);
    if (text !== '') this.payloads.push({ path, ...payload });
    const said = this.#say(path, payload);
    said.headers['replay-nonce'] = `nonce-${++this.#nonce}`;
    this.spoil(path.split('/')[1]!, said);
    if (said.isBroken === true) return void request.socket.destroy();
    response.writeHead(said.status, said.headers);
    response.end(said.body);
  }

  #say(path: string, payload: Record<string, unknown>): Said {
    const { origin } = this;
    const json = (body: unknown, location?: string, status = 200): Said => ({
      status,
      headers: { 'content-type': 'application/json', ...(location === undefined ? {} : { location }) },
      body: JSON.stringify(body),
    });
    const order = () => ({
      status: this.#isFinal ? 'valid' : 'ready',
      identifiers: this.#names.map((value) => ({ type: 'dns', value })),
      authorizations: this.#names.map((name) => `${origin}/authorization/${name}`),
      finalize: `${origin}/finalize`,
      ...(this.#isFinal ? { certificate: `${origin}/certificate` } : {}),
    });
    const [, first, last] = path.split('/');
    switch (first) {
      case 'directory':
        return json({
          newNonce: `${origin}/nonce`,
          newAccount: `${origin}/account`,
          newOrder: `${origin}/new-order`,
          ...(this.window === null ? {} : { renewalInfo: `${origin}/renewal` }),
        });
      case 'renewal':
        return json({ suggestedWindow: this.window });
      case 'account':
        return json({ status: 'valid' }, `${origin}/account/1`, 201);
      case 'new-order':
        this.#names = (payload.identifiers as { value: string }[]).map(({ value }) => value);
        this.#isFinal = false;
        return json(order(), `${origin}/order`, 201);
      case 'order':
        return json(order());
      case 'authorization':
        return json({
          status: this.asked.includes(`/challenge/${last}`) ? 'valid' : 'pending',
          identifier: { type: 'dns', value: last },
          challenges: [
            {
              type: 'http-01',
              status: 'pending',
              token: `token-for-${last!.replaceAll('.', '_')}-0000`,
              url: `${origin}/challenge/${last}`,
            },
          ],
        });
      case 'finalize':
        this.#isFinal = true;
        this.#certificate = this.#issue(Buffer.from(String(payload.csr), 'base64url'));
        return json(order());
      case 'certificate':
        return {
          status: 200,
          headers: { 'content-type': 'application/pem-certificate-chain' },
          body: this.#certificate,
        };
      default:
        return json({});
    }
  }

  #issue(csr: Buffer): string {
    const [info] = der.partsOf(der.decode(csr));
    const publicKey = createPublicKey({ key: der.encode(der.partsOf(info!)[2]!), format: 'der', type: 'spki' });
    const { certificate, key } = this.#root;
    const wish = { publicKey, commonName: this.#names[0]!, names: this.#names, isAuthority: false, days: this.days };
    const { X509Certificate } = process.getBuiltinModule('node:crypto');
    return (
      makeCertificate({ ...wish, now: new Date(this.now()) }, { certificate: new X509Certificate(certificate), key }) +
      certificate
    );
  }
}

function payloadOf(text: string): Record<string, unknown> {
  const { payload } = JSON.parse(text) as { payload: string };
  return payload === '' ? {} : JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
}
