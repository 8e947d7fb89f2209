/**
 * ValueTables: many values, or the entries of a map, as flat arrays that all threads share. Plain data; both planes.
 *
 * The control plane builds them once for a plan, from what conditions, lists and maps hold as text; a data thread gets the
 * tables in place of the text. A plan that nobody gave any is linked from its text.
 */

/** IpSetTable holds disjoint networks by their first address, ascending, and their prefix. IPv6 has four words each. */
export interface IpSetTable {
  readonly kind: 'ip set';
  readonly v4Firsts: Uint32Array;
  readonly v4Prefixes: Uint8Array;
  readonly v6Firsts: Uint32Array;
  readonly v6Prefixes: Uint8Array;
}

/** TextSetTable finds texts by hash: `slots` hold the number of a text plus 1, `starts` where each begins. */
export interface TextSetTable {
  readonly kind: 'text set';
  readonly slots: Int32Array;
  readonly starts: Uint32Array;
  /** Bytes where every text is latin1. */
  readonly characters: Uint8Array | Uint16Array;
}

/** TextTrieTable finds what begins a text, ends it or stands in it; the trie of match/text/text-trie.ts. */
export interface TextTrieTable {
  readonly kind: 'text trie';
  readonly words: Int32Array;
  readonly at: number;
}

/** NumberSetTable is ascending. */
export interface NumberSetTable {
  readonly kind: 'number set';
  readonly values: Float64Array;
}

export type ValueTable = IpSetTable | TextSetTable | TextTrieTable | NumberSetTable;

/** IpTableTable finds the smallest network around an address; the table of match/address/ip-table.ts. */
export interface IpTableTable {
  readonly kind: 'ip table';
  readonly words: Int32Array;
  readonly at: number;
}

/** MapValues are the values of a map, by the number of their key. */
export type MapValues =
  | { readonly kind: 'few'; readonly values: readonly (string | number)[]; readonly picks: Uint32Array }
  | { readonly kind: 'numbers'; readonly numbers: Float64Array }
  | { readonly kind: 'texts'; readonly starts: Uint32Array; readonly characters: Uint8Array | Uint16Array };

export interface MapTable {
  readonly keys: TextSetTable | IpTableTable;
  readonly values: MapValues;
}

/** RuleIndex leads from the values of a request to the rules that may hold; its layout is in match/rule/rule-index.ts. */
export interface RuleIndex {
  readonly words: Int32Array;
  readonly numbers: Float64Array;
  /** The fields that are looked up, by their number in the words. */
  readonly fields: readonly { readonly field: string; readonly key: string | null }[];
  /** Where the groups of rules stand in the words, and how many there are. The first one has all rules. */
  readonly groups: number;
  readonly groupCount: number;
}
