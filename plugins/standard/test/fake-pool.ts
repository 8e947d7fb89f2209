/**
 * FakePool: a backend's servers for tests of strategies, changed as the test likes.
 */
import type { ServerPool } from '@sluice/core/plugin';

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

  constructor(weights: readonly number[]) {
    this.size = weights.length;
    this.weights = [...weights];
    this.opens = weights.map(() => 0);
    this.maxes = weights.map(() => 0);
    this.ups = weights.map(() => true);
  }

  isUsable(index: number): boolean {
    const max = this.maxes[index]!;
    if (max > 0 && this.opens[index]! >= max) return false;
    return this.ups[index]! && this.weights[index]! > 0 && !this.tried.has(index);
  }

  weight(index: number): number {
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
    return 0.5;
  }

  setWeight(index: number, weight: number): void {
    this.weights[index] = weight;
    this.version++;
  }

  setUp(index: number, isUp: boolean): void {
    this.ups[index] = isUp;
    this.version++;
  }
}
