/**
 * FakePool: a backend's servers for tests of strategies, changed as the test likes.
 */
import type { PoolWatcher, ServerPool } from '@sluice/core/plugin';

export class FakePool implements ServerPool {
  readonly backend = 'app';
  readonly size: number;
  readonly weights: number[];
  readonly opens: number[];
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
  nowMs = 0;
  readonly #notes = new Map<string, number>();
  #watcher: PoolWatcher | null = null;

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
    return this.randoms.shift() ?? 0.5;
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

  setOpen(index: number, open: number): void {
    this.opens[index] = open;
    this.#changed(index);
  }

  setShare(index: number, share: number): void {
    this.shares[index] = share;
    this.#changed(index);
  }

  setWeight(index: number, weight: number): void {
    this.weights[index] = weight;
    this.#changed(index);
  }

  setUp(index: number, isUp: boolean): void {
    this.ups[index] = isUp;
    this.#changed(index);
  }

  #changed(index: number): void {
    this.version++;
    this.#watcher?.changed(index);
  }
}
