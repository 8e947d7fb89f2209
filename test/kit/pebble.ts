/**
 * A real authority that speaks ACME, for tests: Debian's pebble, with its own DNS server, which sends every name to 127.0.0.1. Test code.
 */
import { writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { keyPem, makeCertificate, makeKeyPair } from '@sluice/certificates/make';
import { freePort, Program, temporaryFolder } from './program.ts';

/** PEBBLE_PROGRAMS must be there for `startPebble`. */
export const PEBBLE_PROGRAMS = ['pebble', 'pebble-challtestsrv'] as const;

export interface PebbleOptions {
  /** Where it looks for proofs, in place of 80 and 443. */
  readonly httpPort: number;
  readonly tlsPort: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Keys by identifier; without one of them nobody gets an account. Default: everybody does. */
  readonly external?: Readonly<Record<string, string>>;
  /** Default: a free one. */
  readonly port?: number;
}

export class Pebble {
  readonly directory: string;
  /** The file with who signed its own https certificate. */
  readonly ca: string;
  readonly port: number;
  readonly program: Program;
  readonly #dns: Program;
  readonly #dnsManagement: number;
  readonly #management: number;
  readonly #caPem: string;

  constructor(port: number, management: number, dnsManagement: number, ca: string, caPem: string, programs: Program[]) {
    this.port = port;
    this.directory = `https://127.0.0.1:${port}/dir`;
    this.ca = ca;
    this.#caPem = caPem;
    this.#management = management;
    this.#dnsManagement = dnsManagement;
    [this.program, this.#dns] = programs as [Program, Program];
  }

  /** root is the certificate of the authority that signs. */
  root(): Promise<string> {
    return new Promise((resolve, reject) => {
      request(`https://127.0.0.1:${this.#management}/roots/0`, { ca: this.#caPem }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (piece: string) => {
          text += piece;
        });
        response.on('end', () => resolve(text));
      })
        .on('error', reject)
        .end();
    });
  }

  /** send sends a name to another address from now on. */
  async send(name: string, address: string): Promise<void> {
    const body = JSON.stringify({ host: `${name}.`, addresses: [address] });
    for (const path of ['clear-a', 'add-a']) {
      const answer = await fetch(`http://127.0.0.1:${this.#dnsManagement}/${path}`, { method: 'POST', body });
      await answer.text();
    }
  }

  async stop(): Promise<void> {
    await Promise.all([this.program.stop(100), this.#dns.stop(100)]);
  }
}

export async function startPebble({ httpPort, tlsPort, env, external, port: wanted }: PebbleOptions): Promise<Pebble> {
  const folder = temporaryFolder();
  const own = await makeKeyPair('ecdsa');
  const wish = { commonName: 'pebble', days: 30, now: new Date() };
  const ca = makeCertificate(
    { ...wish, publicKey: own.publicKey, names: ['127.0.0.1'], isAuthority: false },
    own.privateKey,
  );
  const at = (name: string, text: string): string => {
    const file = join(folder, name);
    writeFileSync(file, text);
    return file;
  };
  const port = wanted ?? (await freePort());
  const [management, dns, dnsManagement] = [await freePort(), await freePort(), await freePort()];
  const config = at(
    'pebble.json',
    JSON.stringify({
      pebble: {
        listenAddress: `127.0.0.1:${port}`,
        managementListenAddress: `127.0.0.1:${management}`,
        certificate: at('own.pem', ca),
        privateKey: at('own.key', keyPem(own.privateKey)),
        httpPort,
        tlsPort,
        externalAccountBindingRequired: external !== undefined,
        externalAccountMACKeys: external ?? {},
      },
    }),
  );
  const names = new Program('pebble-challtestsrv', [
    ...['-dns01', `127.0.0.1:${dns}`, '-management', `127.0.0.1:${dnsManagement}`],
    ...['-http01', '', '-https01', '', '-tlsalpn01', '', '-defaultIPv6', ''],
  ]);
  await names.listening(dnsManagement);
  const program = new Program('pebble', ['-config', config, '-dnsserver', `127.0.0.1:${dns}`], {
    env: { PEBBLE_VA_NOSLEEP: '1', ...env },
  });
  await program.listening(port).catch(async (thrown) => {
    await names.stop(100);
    throw thrown;
  });
  return new Pebble(port, management, dnsManagement, join(folder, 'own.pem'), ca, [program, names]);
}
