/**
 * AcmeCertificate: one certificate: is it there, when is it due, and getting it. Main thread.
 *
 * An attempt is written down before it is made, so that a gateway that dies in the middle of it and starts again, over and over,
 * waits as long as one that failed. Nothing is ordered while that cannot be written.
 */

import { keyPem, makeKeyPair, makeRequest } from '@sluice/certificates/make';
import { FolderLock } from '@sluice/core/folder-lock';
import type { CertificateHost, CertificateState } from '@sluice/core/plugin';
import { writeWhole } from '@sluice/core/whole-file';
import { AcmeError, reasonOf } from './acme-error.ts';
import type { ChallengeKind } from './acme-options.ts';
import type { Authority } from './authority.ts';
import { type AttemptState, NO_ATTEMPTS, readState, writeState } from './certificate-state.ts';
import { type Chain, chainOf, keptChain, renewalId } from './chain.ts';
import type { Challenges } from './challenges.ts';
import { acmeError } from './errors.ts';
import { orderCertificate } from './order.ts';
import type { OrderLimit } from './order-limit.ts';
import { pause } from './pause.ts';
import { type RenewalWindow, renewalWindow } from './renewal-info.ts';
import { nextAllowedMs, renewalMs, waitMs } from './schedule.ts';
import { isFresh, readText } from './storage.ts';

/** The file is looked at this often, as another gateway may have renewed it. */
const LOOK_MS = 6 * 3_600_000;
/** However late the authority would have it, of a certificate’s life. */
const LATEST_SHARE = 0.9;
/** How long after an attempt of another gateway is looked again. */
const LOCKED_LOOK_MS = 5000;
const CUT_SHORT = 'the attempt was cut short';
/** So many attempts may be cut short by a stop; more count as failures, as something stops the gateway over and over. */
const MOST_CUT_SHORT = 3;

export interface CertificateWish {
  readonly names: readonly string[];
  readonly isRsa: boolean;
  readonly file: string;
}

export interface CertificateParts {
  readonly host: CertificateHost;
  readonly authority: Authority;
  readonly challenges: Challenges;
  readonly orderLimit: OrderLimit;
  /** Each time, as listeners may change: the kinds of proof that can be given, the first choice first. */
  kinds(): readonly ChallengeKind[];
}

export class AcmeCertificate {
  readonly wish: CertificateWish;
  listeners: readonly string[];
  readonly #parts: CertificateParts;
  readonly #stopping = new AbortController();
  /** Fixed, so that a look does not change its mind about when to renew. */
  readonly #draw: number;
  #chain: Chain | null = null;
  #attempts: AttemptState = NO_ATTEMPTS;
  #window: RenewalWindow | null = null;
  #windowAgainMs = 0;
  /** Null: not known yet. */
  #dueMs: number | null = null;
  /** The number of the certificate that data threads were told of last. */
  #served: string | null = null;
  #isAsked = false;
  #isTrying = false;
  /** This attempt is written down. */
  #isRecorded = false;
  #looking: Promise<void> | null = null;
  #timer: unknown = null;
  #obtained = 0;
  #failed = 0;

  constructor(wish: CertificateWish, listeners: readonly string[], parts: CertificateParts) {
    this.wish = wish;
    this.listeners = listeners;
    this.#parts = parts;
    this.#draw = parts.host.random();
  }

  state(): CertificateState {
    const { names, file } = this.wish;
    const nowMs = this.#parts.host.timers.now();
    const { failures, lastError } = this.#attempts;
    const isThere = this.#chain !== null;
    const isOver = isThere && this.#chain!.toMs <= nowMs;
    return {
      names,
      listeners: this.listeners,
      file,
      state: isOver ? 'expired' : isThere ? 'valid' : this.#isTrying || failures === 0 ? 'pending' : 'failing',
      expiresMs: this.#chain?.toMs ?? null,
      nextMs: this.#isTrying ? null : this.#dueMs,
      failures: this.#isTrying ? Math.max(0, failures - 1) : failures,
      lastError: this.#isTrying && lastError === CUT_SHORT ? null : lastError,
      obtained: this.#obtained,
      failed: this.#failed,
    };
  }

  /** look finds out what is to be done, and does it. One look at a time. */
  look(): void {
    if (this.#looking !== null || this.#stopping.signal.aborted) return;
    const { timers } = this.#parts.host;
    timers.clear(this.#timer);
    const looking = this.#look().catch(() => LOOK_MS);
    this.#looking = looking.then((againMs) => {
      this.#looking = null;
      if (this.#stopping.signal.aborted) return;
      if (this.#isAsked) this.look();
      else this.#timer = timers.set(() => this.look(), Math.max(1, Math.min(againMs, LOOK_MS)));
    });
  }

  /** ask has it got now, whatever the schedule says. */
  ask(): void {
    this.#isAsked = true;
    this.look();
  }

  async stop(): Promise<void> {
    this.#parts.host.timers.clear(this.#timer);
    this.#stopping.abort(new AcmeError(CUT_SHORT));
    await this.#looking;
  }

  /** Returns how long until the next look. */
  async #look(): Promise<number> {
    const { host, orderLimit } = this.#parts;
    const isAsked = this.#isAsked;
    this.#isAsked = false;
    this.#isRecorded = false;
    try {
      await this.#read();
      await this.#askForWindow();
      const dueMs = this.#due();
      this.#dueMs = dueMs;
      const nowMs = host.timers.now();
      if (!isAsked && dueMs > nowMs) return dueMs - nowMs;
      return await orderLimit.run(() => this.#tryLocked(isAsked), this.#stopping.signal);
    } catch (thrown) {
      if (this.#stopping.signal.aborted) return LOOK_MS;
      return this.#failedWith(thrown);
    }
  }

  async #read(): Promise<void> {
    const { names, isRsa, file } = this.wish;
    this.#chain = keptChain(await readText(file), names, isRsa);
    this.#attempts = await readState(file, this.#parts.host.timers.now());
    const serial = this.#chain?.certificate.serialNumber ?? null;
    if (serial === null || serial === this.#served) return;
    // Another gateway got it, or did so just before this one began to look.
    const isNews = this.#served !== null || (await isFresh(file));
    this.#served = serial;
    if (isNews) await this.#parts.host.changed();
  }

  /** When the next attempt is due: at once where there is nothing to serve, but not before a failure's time is over. */
  #due(): number {
    const { timers } = this.#parts.host;
    const { nextMs, issuedMs } = this.#attempts;
    const allowedMs = nextAllowedMs(issuedMs, timers.now());
    if (this.#chain === null) return Math.max(nextMs, allowedMs);
    const usualMs = this.#usualMs(this.#chain);
    const window = this.#window;
    if (window === null) return Math.max(nextMs, usualMs);
    // An authority that would have each new one renewed at once gets its way four times a week.
    const wishedMs = Math.max(allowedMs, window.fromMs + this.#draw * (window.toMs - window.fromMs));
    const { fromMs, toMs } = this.#chain;
    const latestMs = window.toMs < usualMs ? usualMs : fromMs + LATEST_SHARE * (toMs - fromMs);
    return Math.max(nextMs, Math.min(latestMs, wishedMs));
  }

  #usualMs({ fromMs, toMs }: Chain): number {
    return renewalMs(fromMs, toMs, this.#draw);
  }

  /** The authority's own wish is no reason to fail: without it, the usual time holds. */
  async #askForWindow(): Promise<void> {
    const { host, authority } = this.#parts;
    const nowMs = host.timers.now();
    if (this.#chain === null) this.#window = null;
    if (this.#chain === null || nowMs < this.#windowAgainMs) return;
    this.#windowAgainMs = nowMs + LOOK_MS;
    const id = renewalId(this.#chain.certificate);
    if (id === null) return;
    const { signal } = this.#stopping;
    try {
      this.#window = await renewalWindow(await authority.client(), id, nowMs, signal);
      this.#windowAgainMs = this.#window?.againMs ?? nowMs + 4 * LOOK_MS;
    } catch (thrown) {
      host.log.debug(`no renewal information for ${this.wish.names.join(', ')}: ${reasonOf(thrown)}`);
    }
  }

  async #tryLocked(isAsked: boolean): Promise<number> {
    const { host } = this.#parts;
    const lock = await FolderLock.take(`${this.wish.file}.lock`);
    if (lock === null) return LOCKED_LOOK_MS;
    try {
      // Another gateway may have got it, or failed, since it was looked at.
      await this.#read();
      const dueMs = this.#due();
      this.#dueMs = dueMs;
      const nowMs = host.timers.now();
      if (!isAsked && dueMs > nowMs) return dueMs - nowMs;
      this.#isTrying = true;
      const before = this.#attempts;
      try {
        await this.#try(lock);
      } catch (thrown) {
        if (this.#stopping.signal.aborted) await this.#forgive(before);
        throw thrown;
      }
      return 0;
    } finally {
      this.#isTrying = false;
      await lock.release();
    }
  }

  /** forgive takes an attempt back that nobody but a stop ended, a few times. */
  async #forgive(before: AttemptState): Promise<void> {
    if (!this.#isRecorded || before.cutShort >= MOST_CUT_SHORT) return;
    await writeState(this.wish.file, { ...before, cutShort: before.cutShort + 1 }).catch(() => {});
  }

  async #try(lock: FolderLock): Promise<void> {
    const { host, authority, challenges, kinds } = this.#parts;
    const { names, isRsa, file } = this.wish;
    const { timers, log } = host;
    const { signal } = this.#stopping;
    const before = this.#attempts;
    const failures = before.failures + 1;
    const nextMs = timers.now() + waitMs(failures, host.random());
    this.#attempts = { ...before, failures, lastError: CUT_SHORT, nextMs };
    await writeState(file, this.#attempts);
    this.#isRecorded = true;
    log.info(`requesting a certificate for ${names.join(', ')}`);
    const pair = await makeKeyPair(isRsa ? 'rsa' : 'ecdsa');
    const csr = makeRequest(pair, names).toString('base64url');
    const possible = kinds();
    // Where one kind of proof has failed, the other has its turn.
    const turn = before.failures % possible.length;
    const text = await authority.with(signal, (client) =>
      orderCertificate(client, {
        names,
        csr,
        kinds: [...possible.slice(turn), ...possible.slice(0, turn)],
        replaces: this.#window === null || this.#chain === null ? null : renewalId(this.#chain.certificate),
        signal,
        prove: (kind, name, token) => challenges.put(kind, name, token, client.keyAuthorization(token)),
        pause,
      }),
    );
    const chain = chainOf(text, names, pair.privateKey);
    if (!(await lock.isHeld())) throw new AcmeError('another gateway took over, as this one did not move for a minute');
    await writeWhole(file, chain.pem + keyPem(pair.privateKey));
    const nowMs = timers.now();
    const isFirst = this.#chain === null;
    // One that had its time was not lost.
    const isRegular = this.#chain !== null && nowMs >= this.#usualMs(this.#chain);
    this.#chain = chain;
    this.#served = chain.certificate.serialNumber;
    this.#window = null;
    this.#windowAgainMs = 0;
    this.#attempts = { ...NO_ATTEMPTS, issuedMs: isRegular ? [nowMs] : [...before.issuedMs, nowMs] };
    this.#dueMs = this.#due();
    this.#obtained++;
    await writeState(file, this.#attempts);
    await host.changed();
    const until = new Date(chain.toMs).toISOString().slice(0, 16).replace('T', ' ');
    const reason = `a certificate for ${names.join(', ')} ${isFirst ? 'was obtained' : 'was renewed'}, valid until ${until} UTC`;
    log.info(reason);
    host.report({ names, isOk: true, reason, expiresMs: chain.toMs, nextMs: this.#dueMs });
  }

  async #failedWith(thrown: unknown): Promise<number> {
    const { host } = this.#parts;
    const { names, file } = this.wish;
    const nowMs = host.timers.now();
    const failures = this.#attempts.failures + (this.#isRecorded ? 0 : 1);
    const lastError = reasonOf(thrown);
    const nextMs = nowMs + waitMs(failures, host.random(), thrown instanceof AcmeError ? thrown : undefined);
    this.#attempts = { ...this.#attempts, failures, lastError, nextMs };
    this.#dueMs = nextMs;
    this.#failed++;
    await writeState(file, this.#attempts).catch(() => {});
    const minutes = Math.max(1, Math.round((nextMs - nowMs) / 60_000));
    const { code, message } = acmeError(failureCode(thrown), { names: names.join(', '), reason: lastError }, thrown);
    host.log.warn(`${message}. The next attempt is in ${minutes} min`, { names, failures, code });
    host.report({ names, isOk: false, reason: lastError, expiresMs: this.#chain?.toMs ?? null, nextMs });
    return nextMs - nowMs;
  }
}

function failureCode(thrown: unknown): 'SP0420' | 'SP0421' | 'SP0422' {
  if (!(thrown instanceof AcmeError)) return 'SP0420';
  return thrown.isUnreachable ? 'SP0421' : thrown.type === null ? 'SP0420' : 'SP0422';
}
