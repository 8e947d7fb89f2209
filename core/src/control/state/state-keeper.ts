/**
 * StateKeeper: keeps a gateway's state on disk while it runs. Main thread.
 *
 * It is written every 30 s if something has happened, within a second of what people set by hand, and at the stop. So a crash costs
 * what clients and checks did for 30 s at most; oftener would cost more disk than that is worth: 100,000 clients are 2 MB.
 *
 * One gateway writes to a folder. Another one that finds it taken says so, and takes over when the first has ended.
 */
import type { Logger } from 'pino';
import { FolderLock } from '../../plugin/folder-lock.ts';
import { withinLimit } from '../clock/time-limit.ts';
import type { Timers } from '../clock/timers.ts';
import { reasonOf } from '../report/errors.ts';
import { fileReason } from '../report/path-problem.ts';
import { type KeptState, readState } from './kept-state.ts';
import { StateFolder } from './state-folder.ts';

/** HandedState is what `exportState` of another gateway gave, or a function that is asked for it as late as possible. */
export type HandedState = Uint8Array | (() => Promise<Uint8Array | null>);

export interface StateKeeperOptions {
  readonly log: Logger;
  readonly timers: Timers;
  /** What is to be written. */
  exportState(): Promise<Uint8Array>;
  /** Changes with whatever is worth writing. */
  changes(): number;
}

const SAVE_EVERY_MS = 30_000;
/** Several things that are set in a row are written once. */
const SAVE_SOON_MS = 300;
const LOCK_EVERY_MS = 1000;
/** The longest that a stop waits for the last state, and for the disk. */
const LAST_EXPORT_MS = 1000;
const LAST_WRITE_MS = 5000;

export class StateKeeper {
  readonly #options: StateKeeperOptions;
  #folder: StateFolder | null = null;
  #lock: FolderLock | null = null;
  #timer: unknown;
  /** When the timer is due. */
  #dueMs = Number.POSITIVE_INFINITY;
  /** What `changes` was at the last save that went well; null: there has been none. */
  #saved: number | null = null;
  #saving: Promise<void> = Promise.resolve();
  #isRunning = false;
  #isFailing = false;
  #isTaken = false;

  constructor(options: StateKeeperOptions) {
    this.#options = options;
  }

  /**
   * restore resolves to what an earlier gateway hands over, or else has left in a folder, which is this one's from now on; null: nothing that can be
   * used, and why has been logged. `isTakeover`: the one before may still run, and nothing is wrong with that. Never rejects.
   */
  async restore(handed: HandedState | undefined, path: string | null, isTakeover: boolean): Promise<KeptState | null> {
    const given = await this.#kept(async () => (typeof handed === 'function' ? handed() : (handed ?? null)));
    const stored = path === null ? null : await this.#begin(path, isTakeover || given !== null);
    return given ?? this.#kept(async () => stored);
  }

  async #kept(take: () => Promise<Uint8Array | null>): Promise<KeptState | null> {
    try {
      const bytes = await take();
      return bytes === null ? null : readState(bytes, Date.now(), this.#options.log);
    } catch (thrown) {
      this.#options.log.warn(`the state of an earlier gateway is not used: ${reasonOf(thrown)}`);
      return null;
    }
  }

  /** begin takes a folder, and resolves to the state in it. */
  async #begin(path: string, isHandedOver: boolean): Promise<Uint8Array | null> {
    this.#folder = new StateFolder(path, this.#options.log);
    await this.#takeLock(isHandedOver);
    return this.#folder.read(this.#lock !== null);
  }

  /** start begins to write. */
  start(): void {
    this.#isRunning = true;
    this.#schedule(this.#lock === null ? LOCK_EVERY_MS : SAVE_EVERY_MS);
  }

  /** use changes over to the folder that a reload names; null: none. */
  use(path: string | null): void {
    this.#saving = this.#saving.then(async () => {
      if (!this.#isRunning || path === (this.#folder?.folder ?? null)) return;
      await this.#lock?.release();
      this.#lock = null;
      this.#saved = null;
      this.#folder = path === null ? null : new StateFolder(path, this.#options.log);
      this.#schedule(0);
    });
  }

  /** saveSoon: somebody has set something by hand. */
  saveSoon(): void {
    this.#saved = null;
    this.#schedule(SAVE_SOON_MS);
  }

  /**
   * stop ends the writing; `finish` is to follow. Resolves to the last state, recorded before anything of the gateway is stopped; null: there is
   * nothing to write. Takes a second at most: a reload may hang.
   */
  async stop(): Promise<Uint8Array | null> {
    const { timers, exportState } = this.#options;
    const isKept = this.#isRunning && this.#lock !== null;
    this.#isRunning = false;
    timers.clear(this.#timer);
    if (!isKept) return null;
    return withinLimit(exportState(), LAST_EXPORT_MS, late).catch(() => null);
  }

  /** finish writes the last state and gives the folder back. Takes 5 s at most. Never rejects. */
  async finish(bytes: Uint8Array | null): Promise<void> {
    await withinLimit(this.#finish(bytes), LAST_WRITE_MS, late).catch(() => {});
  }

  async #finish(bytes: Uint8Array | null): Promise<void> {
    await this.#saving;
    if (bytes !== null) await this.#write(bytes, Number.NaN);
    await this.#lock?.release();
    this.#lock = null;
  }

  #schedule(delayMs: number): void {
    const { timers } = this.#options;
    if (!this.#isRunning || this.#folder === null) return;
    const dueMs = timers.now() + delayMs;
    if (dueMs >= this.#dueMs) return;
    timers.clear(this.#timer);
    this.#dueMs = dueMs;
    this.#timer = timers.set(() => {
      this.#dueMs = Number.POSITIVE_INFINITY;
      this.#saving = this.#saving.then(() => this.#look());
    }, delayMs);
  }

  async #look(): Promise<void> {
    if (!this.#isRunning || this.#folder === null) return;
    if (this.#lock === null) {
      await this.#takeLock(false);
      if (this.#lock === null) return this.#schedule(LOCK_EVERY_MS);
      // Whoever had it may have left what is not ours.
      await this.#folder.read(true);
    }
    await this.#save();
    this.#schedule(SAVE_EVERY_MS);
  }

  async #save(): Promise<void> {
    const { changes, exportState } = this.#options;
    const now = changes();
    if (now === this.#saved) return;
    // Others take it from a process that was stopped for a minute, and the folder itself may be gone.
    if (!(await this.#lock!.isHeld())) {
      await this.#lock!.release();
      this.#lock = null;
      await this.#takeLock(false);
      if (this.#lock === null) return this.#schedule(LOCK_EVERY_MS);
    }
    this.#saved = now;
    const bytes = await exportState().catch(() => null);
    if (bytes !== null) await this.#write(bytes, now);
  }

  async #write(bytes: Uint8Array, changes: number): Promise<void> {
    const { log } = this.#options;
    const { folder } = this.#folder!;
    try {
      await this.#folder!.write(bytes);
      if (this.#isFailing) log.info({ folder }, `the state is written to ${folder} again`);
      this.#isFailing = false;
    } catch (thrown) {
      // Unless something more has been set meanwhile.
      if (this.#saved === changes) this.#saved = null;
      const reason = fileReason(thrown);
      if (!this.#isFailing) {
        log.warn({ folder, reason }, `the state cannot be written to ${folder}, what is there stays: ${reason}`);
      }
      this.#isFailing = true;
    }
  }

  async #takeLock(isHandedOver: boolean): Promise<void> {
    const { log } = this.#options;
    const { folder, lockFile } = this.#folder!;
    try {
      this.#lock = await FolderLock.take(lockFile);
    } catch (thrown) {
      const reason = fileReason(thrown);
      if (!this.#isFailing) {
        log.warn({ folder, reason }, `the state cannot be written to ${folder}, what is there stays: ${reason}`);
      }
      this.#isFailing = true;
      return;
    }
    if (this.#lock !== null) {
      if (this.#isTaken) log.info({ folder }, `the state is kept in ${folder} from now on`);
      this.#isTaken = false;
    } else if (!this.#isTaken) {
      this.#isTaken = true;
      const holder = (await FolderLock.holder(lockFile)) ?? 'another process';
      const words = `the state folder ${folder} is in use by ${holder}: nothing is written there until that has ended`;
      log[isHandedOver ? 'info' : 'warn']({ folder, holder }, words);
    }
  }
}

function late(): Error {
  return new Error('it took too long');
}
