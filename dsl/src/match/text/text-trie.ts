/**
 * TextTrie: finds every key that begins a text, in one walk over it. Data plane, hot path.
 *
 * A radix tree in flat words: each node has a label, and its edges stand in one open-addressed table over (node,
 * character). A key may mean three things at once: the whole text, its beginning, or a path that it is under. A trie that is
 * built reversed reads keys and texts from their ends.
 */
import { sortInSteps } from '../build/sort-in-steps.ts';
import type { Steps } from '../build/steps.ts';
import type { WordPool } from '../build/word-pool.ts';

/** TrieEntry names what a key leads to; -1: nothing. */
export interface TrieEntry {
  exact: number;
  starts: number;
  under: number;
}

/** Words of a node. */
const LABEL_FROM = 0;
const LABEL_TO = 1;
const EXACT = 2;
const STARTS = 3;
const UNDER = 4;
const NODE = 5;
/** Words of an edge: its node plus 1, its character, the node behind it. */
const EDGE = 3;

/** Found hears what the keys of a text lead to; true ends the walk. */
export type Found = (entry: number) => boolean;

export class TextTrie {
  readonly words: Int32Array;
  readonly isReversed: boolean;
  readonly #nodes: number;
  readonly #edges: number;
  readonly #mask: number;

  constructor(words: Int32Array, at: number) {
    this.words = words;
    this.isReversed = words[at] === 1;
    this.#nodes = words[at + 1]!;
    this.#edges = words[at + 2]!;
    this.#mask = words[at + 3]!;
  }

  /** walk finds all keys that stand in the text at `from`, counted from its end in a reversed trie. True when `found` ended it. */
  walk(text: string, from: number, found: Found): boolean {
    const { words, isReversed } = this;
    const length = text.length;
    const last = length - 1;
    let node = 0;
    let at = from;
    for (;;) {
      const head = this.#nodes + NODE * node;
      const end = words[head + LABEL_TO]!;
      for (let label = words[head + LABEL_FROM]!; label < end; label++) {
        if (at === length || text.charCodeAt(isReversed ? last - at : at) !== words[label]) return false;
        at++;
      }
      const starts = words[head + STARTS]!;
      if (starts >= 0 && found(starts)) return true;
      const under = words[head + UNDER]!;
      if (under >= 0 && (at === length || text.charCodeAt(at) === 0x2f) && found(under)) return true;
      if (at === length) {
        const exact = words[head + EXACT]!;
        return exact >= 0 && found(exact);
      }
      node = this.#child(node, text.charCodeAt(isReversed ? last - at : at));
      if (node < 0) return false;
      at++;
    }
  }

  /** child returns the node behind an edge, or -1. The root is node 0. */
  #child(node: number, character: number): number {
    const words = this.words;
    let at = hash(node, character) & this.#mask;
    for (;;) {
      const edge = this.#edges + EDGE * at;
      const owner = words[edge]!;
      if (owner === node + 1 && words[edge + 1] === character) return words[edge + 2]!;
      if (owner === 0) return -1;
      at = (at + 1) & this.#mask;
    }
  }
}

function hash(node: number, character: number): number {
  const mixed = Math.imul(node, 0x9e3779b1) ^ Math.imul(character, 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
}

/** A run of sorted keys that share their first `depth` characters. */
interface Run {
  readonly from: number;
  readonly to: number;
  readonly depth: number;
  readonly parent: number;
  readonly character: number;
}

const STEP = 256;

/** buildTrie writes the trie of some keys into a pool and returns where it is. */
export function* buildTrie(
  pool: WordPool,
  entries: ReadonlyMap<string, TrieEntry>,
  isReversed: boolean,
): Steps<number> {
  const unsorted: string[] = [];
  const found: TrieEntry[] = [];
  for (const [key, entry] of entries) {
    unsorted.push(isReversed ? key.split('').reverse().join('') : key);
    found.push(entry);
    if (found.length % STEP === 0) yield;
  }
  const order = yield* sortInSteps(Uint32Array.from(unsorted.keys()), (a, b) => compare(unsorted[a]!, unsorted[b]!));
  const key = (at: number): string => unsorted[order[at]!]!;
  const nodes: number[] = [];
  /** Per node: the node before it, and the character that leads from there. */
  const parents: number[] = [];
  const characters: number[] = [];
  const runs: Run[] = [{ from: 0, to: order.length, depth: 0, parent: -1, character: 0 }];
  for (let run = runs.pop(); run !== undefined; run = runs.pop()) {
    const first = order.length === 0 ? '' : key(run.from);
    const last = order.length === 0 ? '' : key(run.to - 1);
    let depth = run.depth;
    while (depth < first.length && first.charCodeAt(depth) === last.charCodeAt(depth)) depth++;
    const labels = pool.add(depth - run.depth);
    for (let at = run.depth; at < depth; at++) pool.words[labels + at - run.depth] = first.charCodeAt(at);
    const hasEntry = order.length > 0 && first.length === depth;
    const entry = hasEntry ? found[order[run.from]!]! : { exact: -1, starts: -1, under: -1 };
    const node = parents.length;
    nodes.push(labels, labels + depth - run.depth, entry.exact, entry.starts, entry.under);
    parents.push(run.parent);
    characters.push(run.character);
    let from = hasEntry ? run.from + 1 : run.from;
    while (from < run.to) {
      const character = key(from).charCodeAt(depth);
      const to = endOfRun(key, from, run.to, depth, character);
      runs.push({ from, to, depth: depth + 1, parent: node, character });
      from = to;
    }
    if (node % STEP === 0) yield;
  }
  let capacity = 8;
  while (capacity < parents.length * 2) capacity *= 2;
  const at = pool.add(4);
  const nodesAt = pool.addAll(nodes);
  const edgesAt = pool.add(EDGE * capacity);
  pool.words.set([isReversed ? 1 : 0, nodesAt, edgesAt, capacity - 1], at);
  for (let child = 1; child < parents.length; child++) {
    const parent = parents[child]!;
    const character = characters[child]!;
    let slot = hash(parent, character) & (capacity - 1);
    while (pool.words[edgesAt + EDGE * slot] !== 0) slot = (slot + 1) & (capacity - 1);
    pool.words.set([parent + 1, character, child], edgesAt + EDGE * slot);
    if (child % STEP === 0) yield;
  }
  return at;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** endOfRun returns the place of the first key that has another character at `depth`. */
function endOfRun(key: (at: number) => string, from: number, to: number, depth: number, character: number): number {
  // Keys are sorted: doubling steps, then halves, look at few of a long run.
  let low = from;
  let step = 1;
  while (low + step < to && key(low + step).charCodeAt(depth) === character) {
    low += step;
    step *= 2;
  }
  let high = Math.min(low + step, to);
  while (low + 1 < high) {
    const middle = (low + high) >>> 1;
    if (key(middle).charCodeAt(depth) === character) low = middle;
    else high = middle;
  }
  return high;
}
