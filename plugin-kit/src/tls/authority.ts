/**
 * Authority: certificates as real authorities make them, with openssl: chains, elliptic curves, clients, revocation.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';

/** hasOpenssl: the tests that need it skip without. */
export const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

export class Authority {
  readonly folder: string;

  /** Makes a root of its own in the folder. */
  constructor(folder: string) {
    this.folder = folder;
    writeFileSync(this.at('index.txt'), '');
    this.#run('req', '-x509', ...EC, '-keyout', 'root.key', '-out', 'root.crt', '-days', '30', '-subj', '/CN=Root');
  }

  at(name: string): string {
    return join(this.folder, name);
  }

  read(name: string): string {
    return readFileSync(this.at(name), 'utf8');
  }

  /** intermediate makes an authority below the root: `NAME.crt`, `NAME.key`. */
  intermediate(name: string): void {
    this.#sign(name, 'root', `subjectAltName=DNS:${name}.authority\nbasicConstraints=critical,CA:TRUE`, EC);
  }

  /** issue makes a certificate for names: `NAME.crt`, `NAME.key`, and `NAME.pem` with both and the chain below the root. */
  issue(
    name: string,
    names: readonly string[],
    { by = 'root', kind = 'ec' }: { by?: string; kind?: 'ec' | 'rsa' } = {},
  ): string {
    const list = names.map((each) => (isIP(each) === 0 ? `DNS:${each}` : `IP:${each}`)).join(',');
    this.#sign(name, by, `subjectAltName=${list}\nbasicConstraints=CA:FALSE`, kind === 'ec' ? EC : RSA);
    const chain = by === 'root' ? '' : this.read(`${by}.crt`);
    writeFileSync(this.at(`${name}.pem`), this.read(`${name}.crt`) + chain + this.read(`${name}.key`));
    return this.at(`${name}.pem`);
  }

  /** staple writes what the root says of a certificate, as `NAME.pem.ocsp`. */
  staple(name: string, status: 'V' | 'R'): void {
    const serial = this.#run('x509', '-in', `${name}.crt`, '-noout', '-serial').trim().replace('serial=', '');
    const revoked = status === 'R' ? '260101000000Z' : '';
    writeFileSync(this.at('index.txt'), `${status}\t400101000000Z\t${revoked}\t${serial}\tunknown\t/CN=${name}\n`);
    this.#run('ocsp', '-issuer', 'root.crt', '-cert', `${name}.crt`, '-reqout', 'question.der', '-no_nonce');
    const signer = ['-rsigner', 'root.crt', '-rkey', 'root.key', '-CA', 'root.crt'];
    this.#run(
      'ocsp',
      '-index',
      'index.txt',
      ...signer,
      '-reqin',
      'question.der',
      '-respout',
      `${name}.pem.ocsp`,
      '-ndays',
      '7',
    );
  }

  /** pkcs12 packs a certificate and its key as `NAME.p12`. */
  pkcs12(name: string, password: string): string {
    this.#run(
      'pkcs12',
      '-export',
      '-in',
      `${name}.crt`,
      '-inkey',
      `${name}.key`,
      '-out',
      `${name}.p12`,
      '-passout',
      `pass:${password}`,
    );
    return this.at(`${name}.p12`);
  }

  #sign(name: string, by: string, extensions: string, key: readonly string[]): void {
    writeFileSync(this.at(`${name}.ext`), extensions);
    this.#run('req', ...key, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
    const authority = ['-CA', `${by}.crt`, '-CAkey', `${by}.key`, '-CAcreateserial'];
    this.#run(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      ...authority,
      '-out',
      `${name}.crt`,
      '-days',
      '30',
      '-extfile',
      `${name}.ext`,
    );
  }

  #run(...args: string[]): string {
    return execFileSync('openssl', args, { cwd: this.folder, stdio: ['ignore', 'pipe', 'ignore'] }).toString();
  }
}

const EC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
const RSA = ['-newkey', 'rsa:2048', '-nodes'];
