/**
 * ServerTier: a backend's servers of one kind (its backups, or those that are none) as a strategy sees them. Hot path; both
 * planes.
 *
 * What the server table says of states, weights and room is kept and brought up to date by the table's list of changes, so
 * that a change costs the servers that changed and not all of them. A server is found to be full when somebody looks at
 * it, and is no candidate until the table says that it has room. Open counts are read live.
 */
import type { PoolWatcher, ServerPool } from '../plugin/server-pool.ts';
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
  #candidateCount = 0;
  #triedCount = 0;
  #seen = 0;
  #watcher: PoolWatcher | null = null;

  constructor(backend: string, names: readonly string[], slots: readonly number[], sources: TierSources) {
    this.backend = backend;
    this.size = names.length;
    this.#names = names;
    this.#slots = Int32Array.from(slots);
    this.#sources = sources;
    this.#table = sources.table;
    this.#weights = new Float64Array(this.size);
    this.#isUp = new Uint8Array(this.size);
    this.#candidates = new IndexSet(this.size);
    this.#tried = new Int32Array(this.size);
    for (let index = 0; index < this.size; index++) this.#bySlot.set(this.#slots[index]!, index);
    this.#lookAtAll();
  }

  /** begin notices what has changed, and forgets what earlier requests tried. */
  begin(): void {
    this.#triedCount = 0;
    if (this.#table.version !== this.#seen) this.#catchUp();
  }

  /** refresh notices what has changed. */
  refresh(): void {
    if (this.#table.version !== this.#seen) this.#catchUp();
  }

  /** exclude leaves a server out until the next `begin`. */
  exclude(index: number): void {
    if (this.#triedCount < this.size && !this.#isTried(index)) this.#tried[this.#triedCount++] = index;
  }

  /** hasFull: a server that this request may use would take it, if others left. */
  get hasFull(): boolean {
    let full = this.upCount - this.#candidateCount;
    for (let at = 0; at < this.#triedCount; at++) {
      const index = this.#tried[at]!;
      if (this.#isUp[index] === 1 && !this.#candidates.has(index)) full--;
    }
    return full > 0;
  }

  isUsable(index: number): boolean {
    if (!(index >= 0 && index < this.size) || !this.#candidates.has(index)) return false;
    if (this.#triedCount !== 0 && this.#isTried(index)) return false;
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

  /** look takes in what the table says of a server now. */
  #look(index: number): void {
    const table = this.#table;
    const slot = this.#slots[index]!;
    const state = table.state(slot);
    const weight = (table.weight(slot) * table.share(slot)) / FULL_SHARE;
    const isUp = (state === RUNNING || state === STARTING) && table.admin(slot) === READY && weight > 0;
    const limit = table.limit(slot);
    const isCandidate = isUp && (limit === 0 || table.open(slot) < limit);
    const wasUp = this.#isUp[index] === 1;
    const wasCandidate = this.#candidates.has(index);
    const before = this.#weights[index]!;
    if (isUp === wasUp && isCandidate === wasCandidate && weight === before) return;
    // Weights are multiples of 1/256, so the sum is exact however often it is added to.
    if (wasUp) this.totalWeight -= before;
    if (isUp) this.totalWeight += weight;
    this.upCount += (isUp ? 1 : 0) - (wasUp ? 1 : 0);
    this.#isUp[index] = isUp ? 1 : 0;
    this.#weights[index] = weight;
    if (isCandidate && !wasCandidate) {
      this.#candidates.add(index);
      this.#candidateCount++;
    } else if (wasCandidate && !isCandidate) {
      this.#candidates.delete(index);
      this.#candidateCount--;
    }
    this.#changed(index);
  }

  /** drop takes out a server that has just been found full. */
  #drop(index: number): void {
    this.#candidates.delete(index);
    this.#candidateCount--;
    this.#changed(index);
  }

  #changed(index: number): void {
    this.version++;
    this.#watcher?.changed(index);
  }
}
