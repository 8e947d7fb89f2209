/**
 * CertificateSet: which certificates answer for which name. Data threads.
 *
 * A name's own certificates come before those of a wildcard, and what nobody names or knows gets the first file's. Of one name there may be
 * one certificate for each kind of key. Contexts are made when a name is first asked for, so that a thousand certificates cost a start
 * nothing but their bytes.
 */
import type { SecureContext } from 'node:tls';
import type { Credential } from '@sluice/certificates/serve';

/** Group is what answers for some names. */
export interface Group {
  readonly credentials: readonly Credential[];
  readonly staple: Buffer | null;
  readonly context: SecureContext;
}

class LazyGroup implements Group {
  readonly credentials: readonly Credential[];
  readonly #make: MakeContext;
  #context: SecureContext | null = null;

  constructor(credentials: readonly Credential[], make: MakeContext) {
    this.credentials = credentials;
    this.#make = make;
  }

  get staple(): Buffer | null {
    // Which of several certificates will be sent is not known before: a staple for the wrong one would break the handshake.
    return this.credentials.length === 1 ? this.credentials[0]!.staple : null;
  }

  get context(): SecureContext {
    this.#context ??= this.#make(this.credentials);
    return this.#context;
  }
}

export type MakeContext = (credentials: readonly Credential[]) => SecureContext;

export class CertificateSet {
  /** Answers where no name is sent, and for names that nobody has unless those are refused; null: there is no certificate yet. */
  readonly first: Group | null;
  /** There is a choice. */
  readonly isMany: boolean;
  readonly #byName = new Map<string, Group>();

  /** Makes the first group's context at once: what OpenSSL refuses shows when a plan is linked. */
  constructor(credentials: readonly Credential[], make: MakeContext) {
    const byName = new Map<string, Credential[]>();
    for (const credential of credentials) {
      for (const name of credential.file.names) {
        const same = byName.get(name);
        if (same === undefined) byName.set(name, [credential]);
        else if (!same.some(({ file }) => file.keyType === credential.file.keyType)) same.push(credential);
      }
    }
    const groups = new Map<string, Group>();
    const groupOf = (own: readonly Credential[]): Group => {
      const key = own.map((credential) => credentials.indexOf(credential)).join();
      const group = groups.get(key) ?? new LazyGroup(own, make);
      groups.set(key, group);
      return group;
    };
    for (const [name, own] of byName) this.#byName.set(name, groupOf(own));
    const [first] = credentials;
    this.first = first === undefined ? null : this.#firstOf(first, groupOf);
    this.isMany = new Set([this.first, ...this.#byName.values()]).size > 1;
    this.first?.context;
  }

  #firstOf(first: Credential, groupOf: (own: readonly Credential[]) => Group): Group {
    const named = this.#byName.get(first.file.names[0] ?? '');
    return named?.credentials.includes(first) === true ? named : groupOf([first]);
  }

  /** find returns the group of a name in lower case, or null. */
  find(name: string): Group | null {
    const own = this.#byName.get(name);
    if (own !== undefined) return own;
    const dot = name.indexOf('.');
    // A wildcard stands for one label (RFC 9525 section 6.3).
    return dot <= 0 ? null : (this.#byName.get(`*${name.slice(dot)}`) ?? null);
  }
}
