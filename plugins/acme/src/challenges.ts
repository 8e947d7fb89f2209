/**
 * Challenges: the pending challenges of an authority, on the notice board that all data threads read. Main thread.
 */
import type { Notices } from '@sluice/core/plugin';
import { AcmeError } from './acme-error.ts';
import type { ChallengeKind } from './acme-options.ts';
import { makeChallengeCertificate } from './challenge-certificate.ts';

export class Challenges {
  readonly #notices: Notices;
  /** Names that are being proven over TLS, where one proof at a time can be shown. */
  readonly #shown = new Map<string, Promise<void>>();

  constructor(notices: Notices) {
    this.#notices = notices;
  }

  /** put shows a proof, and returns how to take it down. When it resolves, every data thread shows it. */
  async put(kind: ChallengeKind, name: string, token: string, keyAuthorization: string): Promise<() => void> {
    if (kind === 'http-01') return this.#post(`http ${token}`, keyAuthorization);
    while (this.#shown.has(name)) await this.#shown.get(name);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#shown.set(name, promise);
    const free = (): void => {
      this.#shown.delete(name);
      resolve();
    };
    try {
      const takeDown = this.#post(`tls ${name}`, await makeChallengeCertificate(name, keyAuthorization));
      return () => {
        takeDown();
        free();
      };
    } catch (thrown) {
      free();
      throw thrown;
    }
  }

  #post(key: string, text: string): () => void {
    if (!this.#notices.post(key, text)) throw new AcmeError('too many names are being proven at once');
    return () => this.#notices.remove(key);
  }
}
