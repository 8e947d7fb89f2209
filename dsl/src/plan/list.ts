/**
 * Lists and maps: what rules look up by name, as plain data. Both planes.
 *
 * Entries are canonical (addresses and networks as RFC 5952 has them, hosts in lower case, paths normalised) and without
 * repeats. Those of a file are as they were loaded; the control plane puts newer ones in their place.
 */
import type { Place } from './place.ts';
import type { MapTable } from './value-table.ts';

export type ListType = 'ips' | 'hosts' | 'paths' | 'texts' | 'numbers';

/** FileSource says which file the entries come from, and how often it is looked at for changes. */
export interface FileSource {
  /** Absolute. */
  readonly path: string;
  /** As written, which is how diagnostics name the file. */
  readonly name: string;
  /** 0: only when the rules are loaded. */
  readonly refreshMs: number;
}

export interface ListPlan {
  readonly name: string;
  readonly type: ListType;
  /** Numbers are written out: every rule that names the list has them as numbers. */
  readonly entries: readonly string[];
  /** null: the entries stand in the rule file. */
  readonly file: FileSource | null;
  readonly place: Place;
}

/** MapKey is the type of what a map is asked with, MapValue of what it answers. */
export type MapKey = 'ip' | 'host' | 'path' | 'text' | 'number';
export type MapValue = 'backend' | 'text' | 'number';

/**
 * MapPlan answers a key with a value. Hosts may be `*.example.com`, addresses networks and paths prefixes: an exact key
 * comes first, then the longest.
 */
export interface MapPlan {
  readonly name: string;
  readonly from: MapKey;
  readonly to: MapValue;
  readonly entries: readonly (readonly [key: string, value: string | number])[];
  /** What a key gets that is not there. */
  readonly otherwise: string | number;
  readonly file: FileSource;
  /** In a data thread: the entries, which are left out then. */
  readonly table?: MapTable;
  readonly place: Place;
}
