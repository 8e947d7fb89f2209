/**
 * ClientAuthority: certificates of clients as they should be, and as nobody should have signed them.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import forge from 'node-forge';
import { makeKey } from './certificates.ts';

const DAY_MS = 86_400_000;

/** A client's certificate with its key, as `tls.connect` takes them. */
export interface Client {
  readonly cert: string;
  readonly key: string;
}

export interface ClientOptions {
  /** Parts of the subject, the most general first: short name and value. */
  readonly subject?: readonly (readonly [shortName: string, value: string])[];
  /** GeneralNames: 1 is a mail address, 2 a DNS name, 6 a URI. */
  readonly names?: readonly { readonly type: number; readonly value: string }[];
  readonly fromDay?: number;
  readonly toDay?: number;
  /** It may only be a server's. */
  readonly isServer?: boolean;
}

export class ClientAuthority {
  readonly pem: string;
  readonly #key: string;
  readonly #name: string;
  #serial = 0x0a00;

  constructor(name: string, key: string = makeKey()) {
    this.#name = name;
    this.#key = key;
    this.pem = this.#sign([['CN', name]], [{ name: 'basicConstraints', cA: true, critical: true }], {});
  }

  /** client signs a client's certificate, by the authority's own key: one key is as good as another here. */
  client(options: ClientOptions = {}): Client {
    const { subject = [['CN', 'ann']], names = [], isServer = false } = options;
    const extensions: object[] = [{ name: 'basicConstraints', cA: false }];
    if (names.length > 0) extensions.push({ name: 'subjectAltName', altNames: names });
    extensions.push({ name: 'extKeyUsage', serverAuth: isServer, clientAuth: !isServer });
    return { cert: this.#sign(subject, extensions, options), key: this.#key };
  }

  /** crl is the list of what it has revoked, as PEM, good for some days. Needs openssl. */
  crl(revoked: readonly Client[], days = 2): string {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-crl-'));
    const at = (name: string): string => join(folder, name);
    const lines = revoked.map(({ cert }) => {
      const { serialNumber } = forge.pki.certificateFromPem(cert);
      return `R\t400101000000Z\t260101000000Z\t${serialNumber.toUpperCase()}\tunknown\t/CN=x\n`;
    });
    writeFileSync(at('index.txt'), lines.join(''));
    writeFileSync(at('ca.pem'), this.pem);
    writeFileSync(at('ca.key'), this.#key);
    writeFileSync(at('ca.cnf'), `[ca]\ndefault_ca=own\n[own]\ndatabase=${at('index.txt')}\ndefault_md=sha256\n`);
    const times =
      days > 0 ? ['-crldays', String(days)] : ['-crl_lastupdate', '250101000000Z', '-crl_nextupdate', '250201000000Z'];
    execFileSync(
      'openssl',
      [
        'ca',
        '-gencrl',
        '-config',
        at('ca.cnf'),
        '-cert',
        at('ca.pem'),
        '-keyfile',
        at('ca.key'),
        ...times,
        '-out',
        at('crl.pem'),
      ],
      { stdio: 'ignore' },
    );
    return readFileSync(at('crl.pem'), 'utf8');
  }

  #sign(
    subject: NonNullable<ClientOptions['subject']>,
    extensions: object[],
    { fromDay = -1, toDay = 30 }: ClientOptions,
  ): string {
    const privateKey = forge.pki.privateKeyFromPem(this.#key);
    const certificate = forge.pki.createCertificate();
    certificate.publicKey = forge.pki.setRsaPublicKey(privateKey.n, privateKey.e);
    certificate.serialNumber = (this.#serial++).toString(16).padStart(4, '0');
    certificate.validity.notBefore = new Date(Date.now() + fromDay * DAY_MS);
    certificate.validity.notAfter = new Date(Date.now() + toDay * DAY_MS);
    certificate.setSubject(
      subject.map(([shortName, value]) => ({
        shortName,
        value,
        valueTagClass: forge.asn1.Type.UTF8 as never,
      })),
    );
    certificate.setIssuer([{ shortName: 'CN', value: this.#name }]);
    certificate.setExtensions(extensions as never[]);
    certificate.sign(privateKey, forge.md.sha256.create());
    return forge.pki.certificateToPem(certificate);
  }
}
