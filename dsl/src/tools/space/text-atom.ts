/**
 * TextAtom: one written value of a comparison of texts, and what can be told of two of them. Main thread.
 *
 * Both questions have only safe answers: true means so, false means that it is not known.
 */
import { testHolds } from '../../match/condition/interpret.ts';
import type { TestCondition } from '../../plan/condition.ts';

export interface TextAtom {
  readonly kind: 'is' | 'starts' | 'ends' | 'contains' | 'like' | 'matches';
  readonly value: string;
  /** Compared without regard to ASCII case; `value` is in lower case then. */
  readonly isFolded: boolean;
  /** What every text begins and ends with that it takes. */
  readonly prefix: string;
  readonly suffix: string;
  /** The comparison with this value alone. */
  readonly test: TestCondition;
}

const known = new WeakMap<TestCondition, readonly TextAtom[] | null>();

/** atomsOf are a comparison's values, any of which makes it hold; null for one that does not compare texts. */
export function atomsOf(test: TestCondition): readonly TextAtom[] | null {
  let atoms = known.get(test);
  if (atoms === undefined) {
    atoms = test.type === 'text' ? atomsOfText(test) : null;
    known.set(test, atoms);
  }
  return atoms;
}

function atomsOfText(test: TestCondition): readonly TextAtom[] | null {
  const atom = (kind: TextAtom['kind'], written: string, operator = kind): TextAtom => {
    const value = test.anycase && kind !== 'matches' ? lower(written) : written;
    const isFolded = test.anycase && (kind === 'matches' || /[a-z]/.test(value));
    const alone: TestCondition = { ...test, operator, values: [written], every: false };
    const parts = kind === 'like' ? value.split('*') : [value];
    const prefix = kind === 'is' || kind === 'starts' || kind === 'like' ? parts[0]! : '';
    const suffix = kind === 'is' || kind === 'ends' || kind === 'like' ? parts.at(-1)! : '';
    return { kind, value, isFolded, prefix, suffix, test: alone };
  };
  const atoms: TextAtom[] = [];
  for (const one of test.values) {
    const value = String(one);
    switch (test.operator) {
      case 'is':
      case 'in':
        atoms.push(atom('is', value));
        break;
      case 'under':
        if (!value.endsWith('/')) atoms.push(atom('is', value));
        atoms.push(atom('starts', value.endsWith('/') ? value : `${value}/`));
        break;
      case 'like':
        atoms.push(atom(...likeKind(value)));
        break;
      case 'starts':
      case 'ends':
      case 'contains':
      case 'matches':
        atoms.push(atom(test.operator, value));
        break;
      default:
        return null;
    }
  }
  return atoms;
}

/** likeKind reads the simple patterns as what they are. */
function likeKind(value: string): [TextAtom['kind'], string] {
  const inner = value.replace(/^\*+|\*+$/g, '');
  if (inner.includes('*')) return ['like', value];
  const isOpenLeft = value.startsWith('*');
  const isOpenRight = value.endsWith('*') && value.length > 0;
  if (isOpenLeft && isOpenRight) return ['contains', inner];
  if (isOpenLeft) return ['ends', inner];
  return isOpenRight ? ['starts', inner] : ['is', inner];
}

/** implies: every text that the first takes, the second takes too. */
export function implies(a: TextAtom, b: TextAtom): boolean {
  if (a.isFolded && !b.isFolded) return false;
  if (a.kind === 'is') return takes(b, a.value);
  const [left, right] = b.isFolded ? [lower(a.value), b.value] : [a.value, b.value];
  if (a.kind === b.kind && left === right && a.isFolded === b.isFolded) return true;
  const isFolding = b.isFolded ? lower : (text: string): string => text;
  switch (b.kind) {
    case 'starts':
      return isFolding(a.prefix).startsWith(right);
    case 'ends':
      return isFolding(a.suffix).endsWith(right);
    case 'contains':
      if (a.kind === 'matches') return right === '';
      return (a.kind === 'like' ? left.split('*') : [left]).some((part) => part.includes(right));
    default:
      return false;
  }
}

/** excludes: no text is taken by both. */
export function excludes(a: TextAtom, b: TextAtom): boolean {
  if (a.kind === 'is' && (!a.isFolded || b.isFolded)) return !takes(b, a.value);
  if (b.kind === 'is' && (!b.isFolded || a.isFolded)) return !takes(a, b.value);
  const isFolding = a.isFolded || b.isFolded ? lower : (text: string): string => text;
  const [startA, startB] = [isFolding(a.prefix), isFolding(b.prefix)];
  if (!startA.startsWith(startB) && !startB.startsWith(startA)) return true;
  const [endA, endB] = [isFolding(a.suffix), isFolding(b.suffix)];
  return !endA.endsWith(endB) && !endB.endsWith(endA);
}

/** takes asks the reference interpreter. */
function takes(atom: TextAtom, text: string): boolean {
  return testHolds(atom.test, [text]);
}

function lower(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
