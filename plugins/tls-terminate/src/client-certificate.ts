/**
 * ClientCertificate: a client's certificate as rules, headers and logs may know it. Data threads; once a connection, and each part
 * when it is first asked for.
 *
 * What stands in a certificate is whatever somebody had signed: every text is made safe here, once.
 */
import type { X509Certificate } from 'node:crypto';
import { type CertificateFacts, escaped, safeText } from '@sluice/dsl/match';

type Parts = 'subject' | 'issuer' | 'commonName' | 'serial' | 'fingerprint' | 'expires';

export class ClientCertificate implements CertificateFacts {
  readonly problem: string;
  readonly #certificate: X509Certificate;
  readonly #known = new Map<Parts, string>();
  #names: AlternativeNames | null = null;
  #der = '';

  constructor(certificate: X509Certificate, problem: string) {
    this.#certificate = certificate;
    this.problem = problem;
  }

  get subject(): string {
    return this.#once('subject', ({ subject }) => distinguishedName(subject));
  }

  get issuer(): string {
    return this.#once('issuer', ({ issuer }) => distinguishedName(issuer));
  }

  get commonName(): string {
    return this.#once('commonName', ({ subject }) => commonName(subject));
  }

  get serial(): string {
    return this.#once('serial', ({ serialNumber }) => serialNumber.toLowerCase());
  }

  get fingerprint(): string {
    return this.#once('fingerprint', ({ fingerprint256 }) => fingerprint256.replaceAll(':', '').toLowerCase());
  }

  get expires(): string {
    return this.#once('expires', ({ validTo }) => {
      const time = new Date(validTo);
      return Number.isNaN(time.getTime()) ? '' : time.toISOString().replace('.000Z', 'Z');
    });
  }

  get dnsNames(): readonly string[] {
    return this.#alternatives.dns;
  }

  get emails(): readonly string[] {
    return this.#alternatives.emails;
  }

  get uris(): readonly string[] {
    return this.#alternatives.uris;
  }

  der(): string {
    if (this.#der === '') this.#der = this.#certificate.raw.toString('base64');
    return this.#der;
  }

  get #alternatives(): AlternativeNames {
    this.#names ??= alternativeNames(this.#certificate.subjectAltName ?? '');
    return this.#names;
  }

  #once(part: Parts, read: (certificate: X509Certificate) => string): string {
    let value = this.#known.get(part);
    if (value === undefined) {
      value = read(this.#certificate);
      this.#known.set(part, value);
    }
    return value;
  }
}

/**
 * distinguishedName is a name as RFC 4514 has it. Node gives one line for each part, the most general first, with what is special
 * within it escaped in that way already, line ends included.
 */
export function distinguishedName(lines: string | undefined): string {
  if (lines === undefined) return '';
  const parts = lines.split('\n').reverse();
  // A part of several values has ` + ` between them; in a value, a plus is escaped.
  return parts.map((part) => part.replaceAll(' + ', '+').replace(UNWRITABLE, escaped)).join(',');
}

const UNWRITABLE = /[^\x20-\x7e]/gu;

/** commonName is the last common name, which is the most specific one; empty: there is none. */
export function commonName(lines: string | undefined): string {
  const parts = (lines ?? '').split('\n').flatMap((part) => part.split(' + '));
  const last = parts.findLast((part) => part.startsWith('CN='));
  return last === undefined ? '' : safeText(unescaped(last.slice(3)));
}

/** unescaped takes RFC 4514's escapes away: a character behind a backslash, or a byte of UTF-8 as two digits. */
function unescaped(value: string): string {
  if (!value.includes('\\')) return value;
  const octets: number[] = [];
  for (let at = 0; at < value.length; ) {
    const hex = /^\\([0-9A-Fa-f]{2})/.exec(value.slice(at, at + 3));
    if (hex !== null) {
      octets.push(Number.parseInt(hex[1]!, 16));
      at += 3;
      continue;
    }
    if (value[at] === '\\' && at + 1 < value.length) at++;
    const character = String.fromCodePoint(value.codePointAt(at)!);
    octets.push(...Buffer.from(character, 'utf8'));
    at += character.length;
  }
  return Buffer.from(octets).toString('utf8');
}

interface AlternativeNames {
  readonly dns: readonly string[];
  readonly emails: readonly string[];
  readonly uris: readonly string[];
}

/** One name: Node writes it as it is where it is harmless, and as a JSON string where it is not. */
const NAME = /([^:,"]+):("(?:[^"\\]|\\.)*"|[^,"]*)(?:, |$)/y;

/** alternativeNames reads what Node says of the names; what cannot be read in one way is no name at all. */
export function alternativeNames(text: string): AlternativeNames {
  const found = { dns: [] as string[], emails: [] as string[], uris: [] as string[] };
  NAME.lastIndex = 0;
  for (let at = 0; at < text.length; at = NAME.lastIndex) {
    NAME.lastIndex = at;
    const name = NAME.exec(text);
    if (name === null) return { dns: [], emails: [], uris: [] };
    const [, kind, written] = name;
    const value = nameValue(written!);
    if (kind === 'DNS') found.dns.push(value.toLowerCase());
    else if (kind === 'email') found.emails.push(value);
    else if (kind === 'URI') found.uris.push(value);
  }
  return found;
}

/** Names are told side by side with commas between them, so that a comma of their own must not look like one. */
function nameValue(written: string): string {
  const value = written.startsWith('"') ? String(JSON.parse(written)) : written;
  return safeText(value).replaceAll(',', escaped);
}
