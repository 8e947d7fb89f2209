/**
 * ServerTier: a backend's servers of one kind (its backups, or those that are none) as a strategy sees them. Hot path; both
 * planes.
 *
 * What the server table says of states, weights and room is kept and brought up to date by the table's list of changes, so
 * that a change costs the servers that changed and not all of them. A server is found to be full when somebody looks at
 * it, and is no candidate until the table says that it has room. Open counts are read live.
 *
 * A server whose last connections failed is *passed over*: up, but no candidate until its time is over. Then it is *suspect* until
 * it has taken a connection: a candidate, but not for requests that have failed somewhere already. `takeAll` has those used too.
 */
import type { Steps } from '@sluice/dsl/match';
import type { PoolWatcher, ServerPool } from '../../plugin/server-pool.ts';
import { IndexSet } from './index-set.ts';
import { CHANGES_KEPT, FULL_SHARE, READY, RUNNING, type ServerTable, STARTING } from './server-table.ts';

/** What a tier reads besides the server table. */
export interface TierSources {
  readonly table: ServerTable;
  /** Requests open on the whole backend. */
  openInAll(): number;
  random(): number;
  now(): number;
}

/** Changes come while they are read; so many from the end the oldest may be overwritten at any moment. */
const CHANGES_READ = CHANGES_KEPT - 512;

/** Servers that are looked at in one step. */
const SERVERS_A_STEP = 512;
/** Those passed over are looked at in so long steps. */
const LET_IN_MS = 20;

export class ServerTier implements ServerPool {
  readonly backend: string;
  readonly size: number;
  version = 0;
  totalWeight = 0;
  /** How many servers are up: candidates, and full ones. */
  upCount = 0;
  readonly #names: readonly string[];
  readonly #slots: Int32Array;
  readonly #bySlot = new Map<number, number>();
  readonly #weights: Float64Array;
  readonly #isUp: Uint8Array;
  readonly #candidates: IndexSet;
  readonly #sources: TierSources;
  readonly #table: ServerTable;
  readonly #tried: Int32Array;
  readonly #isSuspect: Uint8Array;
  readonly #passedOver: IndexSet;
  #candidateCount = 0;
  #suspectCount = 0;
  #passedOverCount = 0;
  /** When the first of those passed over is let in again. */
  #againMs = 0;
  #sparesSuspects = false;
  #triedCount = 0;
  #seen = 0;
  #watcher: PoolWatcher | null = null;

  /** of makes a tier, in steps: each server is looked at. */
  static *of(backend: string, names: readonly string[], slots: Int32Array, sources: TierSources): Steps<ServerTier> {
    const tier = new ServerTier(backend, names, slots, sources);
    // What changes meanwhile is noticed by the first `begin`.
    tier.#seen = sources.table.version;
    for (let index = 0; index < tier.size; index++) {
      tier.#bySlot.set(slots[index]!, index);
      tier.#look(index);
      if ((index + 1) % SERVERS_A_STEP === 0) yield;
    }
    return tier;
  }

  private constructor(backend: string, names: readonly string[], slots: Int32Array, sources: TierSources) {
    this.backend = backend;
    this.size = names.length;
    this.#names = names;
    this.#slots = slots;
    this.#sources = sources;
    this.#table = sources.table;
    this.#weights = new Float64Array(this.size);
    this.#isUp = new Uint8Array(this.size);
    this.#candidates = new IndexSet(this.size);
    this.#tried = new Int32Array(this.size);
    this.#isSuspect = new Uint8Array(this.size);
    this.#passedOver = new IndexSet(this.size);
  }

  /** startPick notices what has changed, and forgets what earlier requests tried. */
  startPick(): void {
    this.#triedCount = 0;
    this.#sparesSuspects = false;
    this.refresh();
  }

  /** refresh notices what has changed. */
  refresh(): void {
    if (this.#table.version !== this.#seen) this.#catchUp();
    if (this.#passedOverCount !== 0 && this.#sources.now() >= this.#againMs) this.#letIn();
  }

  /** spareSuspects leaves suspect servers out until the next `begin`: the request has failed somewhere already. */
  spareSuspects(): void {
    this.#sparesSuspects = true;
  }

  /**
   * takeAll takes in whom `spareSuspects` leaves out and who is passed over: nobody else is there. It holds for each of those
   * until it fails again. False: there are none.
   */
  takeAll(): boolean {
    const had = this.#sparesSuspects && this.#suspectCount !== 0;
    this.#sparesSuspects = false;
    if (this.#passedOverCount === 0) return had;
    const passedOver = this.#passedOver;
    for (let index = passedOver.next(0); index !== -1; index = passedOver.next(index + 1)) this.#look(index, true);
    return true;
  }

  /**
   * isTrialTaken: the server is suspect, others are not, and another request is finding out how it is. False: the request may go
   * there, and is the one that finds out if the server is suspect: then nobody else is for `leaseMs`.
   */
  isTrialTaken(index: number, leaseMs: number): boolean {
    if (this.#suspectCount === this.#candidateCount) return false;
    if (this.#table.tryTrial(this.#slots[index]!, this.#sources.now(), leaseMs)) return false;
    this.#look(index);
    return true;
  }

  isSuspect(index: number): boolean {
    return this.#isSuspect[index] === 1;
  }

  /** isPassedOver: it is up, but its last connections failed. */
  isPassedOver(index: number): boolean {
    return this.#passedOver.has(index);
  }

  /** exclude leaves a server out until the next `begin`. */
  exclude(index: number): void {
    if (this.#triedCount < this.size && !this.#isTried(index)) this.#tried[this.#triedCount++] = index;
  }

  /** hasFull: a server that this request may use would take it, if others left. */
  get hasFull(): boolean {
    let full = this.upCount - this.#passedOverCount - this.#candidateCount;
    for (let at = 0; at < this.#triedCount; at++) {
      const index = this.#tried[at]!;
      if (this.#isUp[index] === 1 && !this.#candidates.has(index) && !this.#passedOver.has(index)) full--;
    }
    return full > 0;
  }

  isUsable(index: number): boolean {
    if (!(index >= 0 && index < this.size) || !this.#candidates.has(index)) return false;
    if (this.#triedCount !== 0 && this.#isTried(index)) return false;
    if (this.#sparesSuspects && this.#isSuspect[index] === 1) return false;
    const slot = this.#slots[index]!;
    const limit = this.#table.limit(slot);
    if (limit === 0 || this.#table.open(slot) < limit) return true;
    this.#drop(index);
    return false;
  }

  isCandidate(index: number): boolean {
    return this.#candidates.has(index);
  }

  nextUsable(from: number): number {
    const candidates = this.#candidates;
    for (let index = candidates.next(from); index !== -1; index = candidates.next(index + 1)) {
      if (this.isUsable(index)) return index;
    }
    for (let index = candidates.next(0); index !== -1 && index < from; index = candidates.next(index + 1)) {
      if (this.isUsable(index)) return index;
    }
    return -1;
  }

  watch(watcher: PoolWatcher): void {
    this.#watcher = watcher;
  }

  weight(index: number): number {
    return this.#weights[index]!;
  }

  fullWeight(index: number): number {
    return this.#table.weight(this.#slots[index]!);
  }

  open(index: number): number {
    return this.#table.open(this.#slots[index]!);
  }

  get openInAll(): number {
    return this.#sources.openInAll();
  }

  name(index: number): string {
    return this.#names[index]!;
  }

  slot(index: number): number {
    return this.#slots[index]!;
  }

  indexOfSlot(slot: number): number {
    return this.#bySlot.get(slot) ?? -1;
  }

  random(): number {
    return this.#sources.random();
  }

  now(): number {
    return this.#sources.now();
  }

  note(index: number, which: number): number {
    return this.#table.note(this.#slots[index]!, which);
  }

  setNote(index: number, which: number, value: number): void {
    this.#table.setNote(this.#slots[index]!, which, value);
  }

  #isTried(index: number): boolean {
    for (let at = 0; at < this.#triedCount; at++) if (this.#tried[at] === index) return true;
    return false;
  }

  #catchUp(): void {
    const table = this.#table;
    const { version } = table;
    let at = this.#seen;
    this.#seen = version;
    if (((version - at) | 0) < 0 || ((version - at) | 0) > CHANGES_READ) {
      this.#lookAtAll();
      return;
    }
    for (; at !== version; at = (at + 1) | 0) {
      const slot = table.changed(at);
      if (slot === -1) {
        this.#lookAtAll();
        return;
      }
      const index = this.#bySlot.get(slot);
      if (index !== undefined) this.#look(index);
    }
  }

  #lookAtAll(): void {
    this.#seen = this.#table.version;
    for (let index = 0; index < this.size; index++) this.#look(index);
  }

  /** letIn looks at those passed over, no more often than each 20 ms. */
  #letIn(): void {
    const nowMs = this.#sources.now();
    const passedOver = this.#passedOver;
    let again = Number.POSITIVE_INFINITY;
    for (let index = passedOver.next(0); index !== -1; index = passedOver.next(index + 1)) {
      const left = this.#table.passedOverMs(this.#slots[index]!, nowMs);
      if (left === 0) this.#look(index);
      else again = Math.min(again, left);
    }
    this.#againMs = nowMs + Math.max(LET_IN_MS, again);
  }

  /** look takes in what the table says of a server now. `isWanted`: it is not passed over. */
  #look(index: number, isWanted = false): void {
    const table = this.#table;
    const slot = this.#slots[index]!;
    const state = table.state(slot);
    const weight = (table.weight(slot) * table.share(slot)) / FULL_SHARE;
    const isUp = (state === RUNNING || state === STARTING) && table.admin(slot) === READY && weight > 0;
    const limit = table.limit(slot);
    const isRefusing = isUp && table.refusals(slot) !== 0;
    const isPassedOver = isRefusing && !isWanted && this.#passOver(slot);
    const isCandidate = isUp && !isPassedOver && (limit === 0 || table.open(slot) < limit);
    const isSuspect = isCandidate && isRefusing;
    const wasUp = this.#isUp[index] === 1;
    const wasPassedOver = this.#passedOver.has(index);
    const wasCandidate = this.#candidates.has(index);
    const wasSuspect = this.#isSuspect[index] === 1;
    const before = this.#weights[index]!;
    if (isSuspect !== wasSuspect) {
      this.#isSuspect[index] = isSuspect ? 1 : 0;
      this.#suspectCount += isSuspect ? 1 : -1;
    }
    if (isUp === wasUp && isCandidate === wasCandidate && isPassedOver === wasPassedOver && weight === before) {
      return;
    }
    // Weights are multiples of 1/256, so the sum is exact however often it is added to.
    if (wasUp && !wasPassedOver) this.totalWeight -= before;
    if (isUp && !isPassedOver) this.totalWeight += weight;
    this.upCount += (isUp ? 1 : 0) - (wasUp ? 1 : 0);
    this.#isUp[index] = isUp ? 1 : 0;
    this.#weights[index] = weight;
    if (isPassedOver && !wasPassedOver) {
      this.#passedOver.add(index);
      this.#passedOverCount++;
    } else if (wasPassedOver && !isPassedOver) {
      this.#passedOver.delete(index);
      this.#passedOverCount--;
    }
    if (isCandidate && !wasCandidate) {
      this.#candidates.add(index);
      this.#candidateCount++;
    } else if (wasCandidate && !isCandidate) {
      this.#candidates.delete(index);
      this.#candidateCount--;
    }
    this.#changed(index);
  }

  #passOver(slot: number): boolean {
    const nowMs = this.#sources.now();
    const left = this.#table.passedOverMs(slot, nowMs);
    if (left === 0) return false;
    if (this.#passedOverCount === 0 || nowMs + left < this.#againMs) this.#againMs = nowMs + left;
    return true;
  }

  /** drop takes out a server that has just been found full. */
  #drop(index: number): void {
    this.#candidates.delete(index);
    this.#candidateCount--;
    if (this.#isSuspect[index] === 1) {
      this.#isSuspect[index] = 0;
      this.#suspectCount--;
    }
    this.#changed(index);
  }

  #changed(index: number): void {
    this.version++;
    this.#watcher?.changed(index);
  }
}
