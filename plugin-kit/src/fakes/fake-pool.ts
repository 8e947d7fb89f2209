/**
 * FakePool: a backend's servers as a strategy or a stickiness sees them, changed as a test likes.
 */
import type { PoolWatcher, ServerPool } from '@sluice/core/plugin';

/**
 * FakePool begins with all servers up, ready and idle. Change weights, open counts and states with the methods, which tell the
 * strategy's watcher as the gateway does; arrays that a test writes to itself tell nobody.
 */
export class FakePool implements ServerPool {
  readonly backend = 'app';
  readonly size: number;
  /** Full weights. */
  readonly weights: number[];
  /** Open requests. */
  readonly opens: number[];
  /** Most requests at once; 0: no limit. */
  readonly maxes: number[];
  /** Servers that are up. */
  readonly ups: boolean[];
  /** Servers that the request in hand has tried before. */
  readonly tried = new Set<number>();
  version = 1;
  /** What slow start leaves of each weight, 0 to 1. */
  readonly shares: number[];
  /** Numbers that `random` gives, one after the other; 0.5 behind them. */
  readonly randoms: number[] = [];
  /** What `now` returns. */
  nowMs = 0;
  /** In place of `randoms`; null: those. */
  chance: (() => number) | null = null;
  readonly #notes = new Map<string, number>();
  #watcher: PoolWatcher | null = null;

  /** One server for each weight, 0 to 256. */
  constructor(weights: readonly number[]) {
    this.size = weights.length;
    this.weights = [...weights];
    this.opens = weights.map(() => 0);
    this.maxes = weights.map(() => 0);
    this.ups = weights.map(() => true);
    this.shares = weights.map(() => 1);
  }

  get totalWeight(): number {
    let total = 0;
    for (let index = 0; index < this.size; index++) if (this.ups[index]) total += this.weight(index);
    return total;
  }

  get openInAll(): number {
    return this.opens.reduce((sum, open) => sum + open, 0);
  }

  isCandidate(index: number): boolean {
    const max = this.maxes[index]!;
    return this.ups[index]! && this.weight(index) > 0 && (max === 0 || this.opens[index]! < max);
  }

  nextUsable(from: number): number {
    for (let step = 0; step < this.size; step++) {
      const index = (from + step) % this.size;
      if (this.isUsable(index)) return index;
    }
    return -1;
  }

  watch(watcher: PoolWatcher): void {
    this.#watcher = watcher;
  }

  isUsable(index: number): boolean {
    if (this.isCandidate(index)) return !this.tried.has(index);
    // It may just have filled up.
    this.#watcher?.changed(index);
    return false;
  }

  weight(index: number): number {
    return this.weights[index]! * this.shares[index]!;
  }

  fullWeight(index: number): number {
    return this.weights[index]!;
  }

  open(index: number): number {
    return this.opens[index]!;
  }

  name(index: number): string {
    return `server-${index + 1}`;
  }

  /** Slots differ from indexes, so that nobody takes one for the other. */
  slot(index: number): number {
    return 100 + index;
  }

  indexOfSlot(slot: number): number {
    const index = slot - 100;
    return index >= 0 && index < this.size ? index : -1;
  }

  random(): number {
    return this.chance?.() ?? this.randoms.shift() ?? 0.5;
  }

  now(): number {
    return this.nowMs;
  }

  note(index: number, which: number): number {
    return this.#notes.get(`${index} ${which}`) ?? 0;
  }

  setNote(index: number, which: number, value: number): void {
    this.#notes.set(`${index} ${which}`, Math.fround(value));
  }

  /** setOpen says how many requests are open on a server. */
  setOpen(index: number, open: number): void {
    this.opens[index] = open;
    this.#changed(index);
  }

  /** setMax is how many requests a server takes at once; 0: no limit. */
  setMax(index: number, max: number): void {
    this.maxes[index] = max;
    this.#changed(index);
  }

  /** setShare is what slow start leaves of a server's weight, 0 to 1. */
  setShare(index: number, share: number): void {
    this.shares[index] = share;
    this.#changed(index);
  }

  /** setWeight sets the full weight. */
  setWeight(index: number, weight: number): void {
    this.weights[index] = weight;
    this.#changed(index);
  }

  /** setUp takes a server out, or back. */
  setUp(index: number, isUp: boolean): void {
    this.ups[index] = isUp;
    this.#changed(index);
  }

  #changed(index: number): void {
    this.version++;
    this.#watcher?.changed(index);
  }
}
