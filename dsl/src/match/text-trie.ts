/**
 * TextTrie: finds every key that begins a text, in one walk over it. Data plane, hot path.
 *
 * A radix tree in flat typed arrays: each node has a label, and its edges stand in one open-addressed table over
 * (node, character). A key may mean three things at once: the whole text, its beginning, or a path that it is under. A
 * trie that is built reversed reads keys and texts from their ends.
 */

/** TrieEntry names what a key leads to; -1: nothing. */
export interface TrieEntry {
  exact: number;
  starts: number;
  under: number;
}

export class TextTrie {
  readonly isReversed: boolean;
  /** Per node: where its label lies in `labels`. */
  readonly labelStart: Int32Array;
  readonly labelEnd: Int32Array;
  readonly labels: Uint16Array;
  /** Per node: what a key that ends there leads to; -1: nothing. */
  readonly exact: Int32Array;
  readonly starts: Int32Array;
  readonly under: Int32Array;
  readonly #edgeNode: Int32Array;
  readonly #edgeCharacter: Uint16Array;
  readonly #edgeChild: Int32Array;
  readonly #mask: number;

  constructor(entries: ReadonlyMap<string, TrieEntry>, isReversed: boolean) {
    this.isReversed = isReversed;
    const { nodes, labels } = buildNodes(entries, isReversed);
    const pick = (get: (node: Node) => number) => Int32Array.from(nodes, get);
    this.labels = Uint16Array.from(labels);
    this.labelStart = pick((node) => node.labelStart);
    this.labelEnd = pick((node) => node.labelEnd);
    this.exact = pick((node) => node.entry?.exact ?? -1);
    this.starts = pick((node) => node.entry?.starts ?? -1);
    this.under = pick((node) => node.entry?.under ?? -1);
    let capacity = 8;
    while (capacity < nodes.length * 2) capacity *= 2;
    this.#mask = capacity - 1;
    this.#edgeNode = new Int32Array(capacity).fill(-1);
    this.#edgeCharacter = new Uint16Array(capacity);
    this.#edgeChild = new Int32Array(capacity);
    for (const [child, { parent, character }] of nodes.entries()) {
      if (parent < 0) continue;
      let at = hash(parent, character) & this.#mask;
      while (this.#edgeNode[at] !== -1) at = (at + 1) & this.#mask;
      this.#edgeNode[at] = parent;
      this.#edgeCharacter[at] = character;
      this.#edgeChild[at] = child;
    }
  }

  /** child returns the node behind an edge, or -1. The root is node 0. */
  child(node: number, character: number): number {
    let at = hash(node, character) & this.#mask;
    for (;;) {
      const owner = this.#edgeNode[at]!;
      if (owner === node && this.#edgeCharacter[at] === character) return this.#edgeChild[at]!;
      if (owner === -1) return -1;
      at = (at + 1) & this.#mask;
    }
  }
}

function hash(node: number, character: number): number {
  const mixed = Math.imul(node, 0x9e3779b1) ^ Math.imul(character, 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
}

interface Node {
  readonly parent: number;
  readonly character: number;
  readonly labelStart: number;
  readonly labelEnd: number;
  readonly entry: TrieEntry | undefined;
}

/** A run of sorted keys that share their first `depth` characters. */
interface Run {
  readonly from: number;
  readonly to: number;
  readonly depth: number;
  readonly parent: number;
  readonly character: number;
}

function buildNodes(entries: ReadonlyMap<string, TrieEntry>, isReversed: boolean): { nodes: Node[]; labels: number[] } {
  const byKey = new Map<string, TrieEntry>();
  for (const [key, entry] of entries) byKey.set(isReversed ? key.split('').reverse().join('') : key, entry);
  const keys = [...byKey.keys()].sort();
  const nodes: Node[] = [];
  const labels: number[] = [];
  const runs: Run[] = [{ from: 0, to: keys.length, depth: 0, parent: -1, character: 0 }];
  for (let run = runs.pop(); run !== undefined; run = runs.pop()) {
    const first = keys[run.from] ?? '';
    const last = keys[run.to - 1] ?? '';
    const labelStart = labels.length;
    let depth = run.depth;
    while (depth < first.length && first.charCodeAt(depth) === last.charCodeAt(depth)) {
      labels.push(first.charCodeAt(depth++));
    }
    const hasEntry = first.length === depth;
    const entry = hasEntry ? byKey.get(first) : undefined;
    const node = nodes.length;
    nodes.push({ parent: run.parent, character: run.character, labelStart, labelEnd: labels.length, entry });
    let from = hasEntry ? run.from + 1 : run.from;
    while (from < run.to) {
      const character = keys[from]!.charCodeAt(depth);
      let to = from + 1;
      while (to < run.to && keys[to]!.charCodeAt(depth) === character) to++;
      runs.push({ from, to, depth: depth + 1, parent: node, character });
      from = to;
    }
  }
  return { nodes, labels };
}
