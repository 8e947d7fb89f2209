/**
 * Authority: one directory as one account, for all certificates of a source. Main thread.
 *
 * The account is registered when it is first needed, by one gateway of all that share the folder.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FolderLock } from '@sluice/core/folder-lock';
import type { CertificateHost } from '@sluice/core/plugin';
import { readAccount, writeAccount } from './account.ts';
import { AcmeClient } from './acme-client.ts';
import { AcmeError } from './acme-error.ts';
import type { SourceOptions } from './acme-options.ts';
import { HttpsCaller } from './https-caller.ts';
import { pause } from './pause.ts';

/** Another gateway registers the same account: that takes seconds. */
const LOCK_TRIES = 120;
const LOCK_LOOK_MS = 500;

export class Authority {
  readonly #options: SourceOptions;
  readonly #host: CertificateHost;
  #caller: HttpsCaller | null = null;
  #client: Promise<AcmeClient> | null = null;
  readonly #closing = new AbortController();

  constructor(options: SourceOptions, host: CertificateHost) {
    this.#options = options;
    this.#host = host;
  }

  /** client returns one that is registered. What fails is tried again by the next one who asks. */
  client(): Promise<AcmeClient> {
    this.#client ??= this.#make().catch((thrown) => {
      this.#client = null;
      throw thrown;
    });
    return this.#client;
  }

  /** with runs a step with the client, and registers once more where the authority knows the account no longer. */
  async with<Value>(signal: AbortSignal, step: (client: AcmeClient) => Promise<Value>): Promise<Value> {
    const client = await this.client();
    try {
      return await step(client);
    } catch (thrown) {
      if (!(thrown instanceof AcmeError && thrown.type === 'accountDoesNotExist')) throw thrown;
      await this.#register(client, signal);
      return step(client);
    }
  }

  close(): void {
    this.#closing.abort(new AcmeError('the gateway asks this authority no more'));
    this.#caller?.close();
  }

  async #make(): Promise<AcmeClient> {
    const { directory, folder, email, ca, account: external, accountKey } = this.#options;
    const { timers, secret } = this.#host;
    this.#caller?.close();
    this.#caller = new HttpsCaller(new URL(directory).origin, ca === null ? null : await readFile(ca));
    const { signal } = this.#closing;
    const lock = await this.#lock(join(folder, 'account.lock'), signal);
    try {
      const { key, url } = await readAccount(folder);
      const client = new AcmeClient({
        directory,
        key,
        accountUrl: url,
        email,
        external: external === null ? null : { account: external, key: secret(accountKey!) },
        caller: this.#caller,
        now: () => timers.now(),
      });
      if (url === null) await writeAccount(folder, { key, url: await client.register(signal) });
      return client;
    } finally {
      await lock.release();
    }
  }

  async #lock(file: string, signal: AbortSignal): Promise<FolderLock> {
    for (let tries = 0; tries < LOCK_TRIES; tries++) {
      const lock = await FolderLock.take(file);
      if (lock !== null) return lock;
      await pause(LOCK_LOOK_MS, signal);
    }
    throw new AcmeError('another gateway is registering the account in the same folder');
  }

  async #register(client: AcmeClient, signal: AbortSignal): Promise<void> {
    const { folder } = this.#options;
    const { key } = await readAccount(folder);
    await writeAccount(folder, { key, url: await client.register(signal) });
  }
}
