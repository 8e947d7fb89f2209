/**
 * FieldDomain: what is still possible for one field after some comparisons held and others did not. Main thread.
 *
 * A domain never leaves out what is possible, so that a field for which nothing is left proves that the comparisons cannot go
 * together; the other way round it may keep too much. Domains never change: `after` gives a new one, or null when nothing is left.
 */
import { testHolds } from '../../match/condition/interpret.ts';
import type { TestCondition } from '../../plan/condition.ts';
import { both, EVERY_ADDRESS, joined, type Ranges, rangesOf, without } from './ranges.ts';
import { atomsOf, excludes, implies, type TextAtom } from './text-atom.ts';

export interface FieldDomain {
  /** after is what is left when the comparison holds, or does not. */
  after(test: TestCondition, holds: boolean): FieldDomain | null;
}

const PORTS: Ranges = [[0n, 65_535n]];

/** domainOf is everything that is possible for a comparison's field. */
export function domainOf({ field, key, type }: TestCondition): FieldDomain {
  if (key === null) {
    if (field === 'ip' && type === 'ip') return new RangeDomain(EVERY_ADDRESS, addressesOf);
    if (field === 'port' && type === 'number') return new RangeDomain(PORTS, numbersOf);
    if (field === 'scheme' && type === 'text') return new TextDomain(['http', 'https'], [], [], new Map());
    if ((field === 'path' || field === 'host' || field === 'method') && type === 'text') return TextDomain.every;
    if (field === 'sni' && type === 'text') return ManyDomain.oneAtMost;
  }
  return ManyDomain.every;
}

const known = new WeakMap<readonly unknown[], Ranges>();

/** Lists share their arrays, so each is read once. */
function addressesOf({ values }: TestCondition): Ranges {
  let ranges = known.get(values);
  if (ranges === undefined) {
    ranges = rangesOf(values.map(String));
    known.set(values, ranges);
  }
  return ranges;
}

function numbersOf({ operator, values }: TestCondition): Ranges | null {
  const numbers = values.map(Number);
  if (!numbers.every(Number.isInteger)) return null;
  const whole = numbers.map(BigInt);
  switch (operator) {
    case 'over':
      return joined(whole.map((one) => [one + 1n, 65_536n]));
    case 'below':
      return joined(whole.map((one) => [-1n, one - 1n]));
    case 'between':
      return whole[0]! <= whole[1]! ? [[whole[0]!, whole[1]!]] : [];
    default:
      return joined(whole.map((one) => [one, one]));
  }
}

/** RangeDomain: a field that is always there and has one number or address. Exact. */
export class RangeDomain implements FieldDomain {
  readonly ranges: Ranges;
  readonly #read: (test: TestCondition) => Ranges | null;

  constructor(ranges: Ranges, read: (test: TestCondition) => Ranges | null) {
    this.ranges = ranges;
    this.#read = read;
  }

  after(test: TestCondition, holds: boolean): FieldDomain | null {
    if (test.operator === 'present' || test.operator === 'absent') {
      return (test.operator === 'present') === holds ? this : null;
    }
    const taken = this.#read(test);
    if (taken === null) return this;
    const left = holds ? both(this.ranges, taken) : without(this.ranges, taken);
    return left.length === 0 ? null : new RangeDomain(left, this.#read);
  }
}

/** Held is a comparison that holds, with those of its values that may make it hold. */
export interface Held {
  readonly test: TestCondition;
  readonly atoms: readonly TextAtom[];
}

const ids = new WeakMap<TestCondition, string>();

/** The same for comparisons that say the same. */
function idOf(test: TestCondition): string {
  let id = ids.get(test);
  if (id === undefined) {
    const { operator, values, anycase, every } = test;
    id = JSON.stringify([operator, anycase, every, values]);
    ids.set(test, id);
  }
  return id;
}

/** TextDomain: a field that is always there and has one text. */
export class TextDomain implements FieldDomain {
  static readonly every = new TextDomain(null, [], [], new Map());
  /** The only texts that are possible, exactly; null: more than can be counted. */
  readonly values: readonly string[] | null;
  readonly held: readonly Held[];
  readonly failed: readonly TestCondition[];
  readonly #said: ReadonlyMap<string, boolean>;

  constructor(
    values: readonly string[] | null,
    held: readonly Held[],
    failed: readonly TestCondition[],
    said: ReadonlyMap<string, boolean>,
  ) {
    this.values = values;
    this.held = held;
    this.failed = failed;
    this.#said = said;
  }

  after(test: TestCondition, holds: boolean): FieldDomain | null {
    if (test.operator === 'present' || test.operator === 'absent') {
      return (test.operator === 'present') === holds ? this : null;
    }
    if (this.values !== null) {
      const left = this.values.filter((value) => testHolds(test, [value]) === holds);
      if (left.length === this.values.length) return this;
      return left.length === 0 ? null : new TextDomain(left, [], [], this.#said);
    }
    if (holds && (test.operator === 'is' || test.operator === 'in') && !test.anycase && test.type === 'text') {
      const left = [...new Set(test.values.map(String))].filter(
        (value) =>
          this.held.every((one) => testHolds(one.test, [value])) && !this.failed.some((one) => testHolds(one, [value])),
      );
      return left.length === 0 ? null : new TextDomain(left, [], [], this.#said);
    }
    const id = idOf(test);
    const before = this.#said.get(id);
    if (before !== undefined) return before === holds ? this : null;
    const said = new Map(this.#said).set(id, holds);
    const atoms = atomsOf(test);
    const held = holds && atoms !== null ? [...this.held, { test, atoms }] : this.held;
    const failed = holds ? this.failed : [...this.failed, test];
    const left = pruned(held, failed, true);
    return left === null ? null : new TextDomain(null, left, failed, said);
  }
}

/** ManyDomain: a field that may be missing and may have several texts, or of which nothing is known. */
export class ManyDomain implements FieldDomain {
  static readonly every = new ManyDomain(false, null, [], [], new Map());
  /** A field that may be missing and has one text otherwise. */
  static readonly oneAtMost = new ManyDomain(true, null, [], [], new Map());
  readonly isSingle: boolean;
  /** null: both are possible. */
  readonly isPresent: boolean | null;
  readonly held: readonly Held[];
  readonly failed: readonly TestCondition[];
  readonly #said: ReadonlyMap<string, boolean>;

  constructor(
    isSingle: boolean,
    isPresent: boolean | null,
    held: readonly Held[],
    failed: readonly TestCondition[],
    said: ReadonlyMap<string, boolean>,
  ) {
    this.isSingle = isSingle;
    this.isPresent = isPresent;
    this.held = held;
    this.failed = failed;
    this.#said = said;
  }

  after(test: TestCondition, holds: boolean): FieldDomain | null {
    if (test.operator === 'present' || test.operator === 'absent') {
      const isPresent = (test.operator === 'present') === holds;
      if (this.isPresent !== null) return this.isPresent === isPresent ? this : null;
      return new ManyDomain(this.isSingle, isPresent, this.held, this.failed, this.#said);
    }
    // A comparison with something absent does not hold.
    if (this.isPresent === false) return holds ? null : this;
    const id = idOf(test);
    const before = this.#said.get(id);
    if (before !== undefined) return before === holds ? this : null;
    const said = new Map(this.#said).set(id, holds);
    const atoms = test.every && !this.isSingle ? null : atomsOf(test);
    const isPresent = holds ? true : this.isPresent;
    const held = holds && atoms !== null ? [...this.held, { test, atoms }] : this.held;
    const failed = holds || atoms === null ? this.failed : [...this.failed, test];
    const left = pruned(held, failed, this.isSingle);
    return left === null ? null : new ManyDomain(this.isSingle, isPresent, left, failed, said);
  }
}

/** pruned drops the values that cannot make a comparison hold any more; null when one has none left. */
function pruned(held: readonly Held[], failed: readonly TestCondition[], isSingle: boolean): readonly Held[] | null {
  const out: Held[] = [];
  for (const { test, atoms } of held) {
    const left = atoms.filter(
      (atom) =>
        !failed.some((one) => atomsOf(one)?.some((other) => implies(atom, other))) &&
        (!isSingle || held.every((one) => one.test === test || one.atoms.some((other) => !excludes(atom, other)))),
    );
    if (left.length === 0) return null;
    out.push(left.length === atoms.length ? { test, atoms } : { test, atoms: left });
  }
  return out;
}
