/**
 * AcmeSource: all certificates that one gateway gets from one authority. Main thread.
 *
 * What a reload leaves as it was goes on, an order under way above all. Where whom to ask has changed, all start again.
 */
import type {
  CertificateHost,
  CertificateState,
  CertificateWishes,
  RunningCertificateSource,
} from '@sluice/core/plugin';
import type { ListenerPlan } from '@sluice/dsl/plan';
import { AcmeCertificate, type CertificateWish } from './acme-certificate.ts';
import { type ChallengeKind, type SourceOptions, sourceOptions } from './acme-options.ts';
import { Authority } from './authority.ts';
import { Challenges } from './challenges.ts';
import { OrderLimit } from './order-limit.ts';
import { reachableChallenges } from './reachable-challenges.ts';

/** Orders at once: authorities limit those of an account. */
const MOST_AT_ONCE = 4;

export class AcmeSource implements RunningCertificateSource {
  readonly #host: CertificateHost;
  readonly #challenges: Challenges;
  readonly #orderLimit = new OrderLimit(MOST_AT_ONCE);
  /** By file. */
  #certificates = new Map<string, AcmeCertificate>();
  /** Those that were given up and are not over yet. */
  readonly #ending = new Set<Promise<void>>();
  #authority: Authority | null = null;
  #written = '';
  #options: SourceOptions | null = null;
  #listeners: readonly ListenerPlan[] = [];

  constructor(host: CertificateHost) {
    this.#host = host;
    this.#challenges = new Challenges(host.notices);
  }

  keep({ source, lines, listeners }: CertificateWishes): void {
    this.#listeners = listeners;
    this.#options = sourceOptions(source);
    const written = JSON.stringify(source);
    if (written !== this.#written) {
      this.#written = written;
      for (const certificate of this.#certificates.values()) this.#end(certificate);
      this.#certificates.clear();
      this.#authority?.close();
      this.#authority = new Authority(this.#options, this.#host);
    }
    const wished = new Map<string, { readonly wish: CertificateWish; readonly listeners: string[] }>();
    for (const { listener, options } of lines) {
      const file = String(options.file);
      const known = wished.get(file);
      if (known !== undefined) known.listeners.push(listener);
      else {
        const wish = { names: options.names as readonly string[], isRsa: options.rsa === true, file };
        wished.set(file, { wish, listeners: [listener] });
      }
    }
    for (const [file, certificate] of this.#certificates) {
      if (wished.has(file)) continue;
      this.#certificates.delete(file);
      this.#end(certificate);
    }
    for (const [file, { wish, listeners: names }] of wished) {
      const known = this.#certificates.get(file);
      if (known !== undefined) known.listeners = names;
      else this.#begin(wish, names);
    }
  }

  states(): readonly CertificateState[] {
    return Array.from(this.#certificates.values(), (certificate) => certificate.state());
  }

  renew(name: string): boolean {
    const found = [...this.#certificates.values()].filter(({ wish }) => wish.names.includes(name.toLowerCase()));
    for (const certificate of found) certificate.ask();
    return found.length > 0;
  }

  async stop(): Promise<void> {
    for (const certificate of this.#certificates.values()) this.#end(certificate);
    this.#certificates.clear();
    this.#authority?.close();
    await Promise.all(this.#ending);
  }

  #begin(wish: CertificateWish, listeners: readonly string[]): void {
    const certificate = new AcmeCertificate(wish, listeners, {
      host: this.#host,
      authority: this.#authority!,
      challenges: this.#challenges,
      orderLimit: this.#orderLimit,
      kinds: () => this.#kinds(),
    });
    this.#certificates.set(wish.file, certificate);
    certificate.look();
  }

  #end(certificate: AcmeCertificate): void {
    const ending = certificate.stop().finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }

  /** Where no listener is on the ports that authorities ask at, something else passes them on, and either may be right. */
  #kinds(): readonly ChallengeKind[] {
    const { by } = this.#options!;
    if (by !== null) return [by];
    const kinds = reachableChallenges(this.#listeners);
    return kinds.length > 0 ? kinds : ['http-01', 'tls-alpn-01'];
  }
}
