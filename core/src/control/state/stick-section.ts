/**
 * StickSection: which client belongs to which server, by backend, with the time left; and what is needed to find them again. Main thread.
 *
 * A key is known only by its hash, so the seeds go with the entries, and with them the secret that a cookie of the gateway's own is checked with.
 */
import type { Steps } from '@sluice/dsl/match';
import type { SharedStickTable } from '../../shared/tables/shared-stick-table.ts';
import { SECRET_BYTES } from '../../shared/tables/stick-clock.ts';
import type { StickTables } from '../slots/stick-tables.ts';
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import type { Section, WrittenSection } from './snapshot.ts';

export const STICK_SECTION = 'stick tables';
const VERSION = 1;
const ENTRY_BYTES = 20;
/** Entries that are put into a table in one step. */
const ENTRIES_A_STEP = 1024;

/** KeptTable is a backend's stick table as it was. */
interface KeptTable {
  /** Names, by the number that entries have. */
  readonly servers: readonly string[];
  readonly entries: Uint8Array;
}

export interface KeptSticks {
  readonly seeds: readonly [number, number];
  readonly secret: Uint8Array;
  readonly tables: ReadonlyMap<string, KeptTable>;
}

/** encodeSticks records all tables. `slots`: of the active servers, by `backend/server`; what belongs to another one is left out. */
export function* encodeSticks(sticks: StickTables, slots: Readonly<Record<string, number>>): Steps<WrittenSection> {
  const writer = new ByteWriter();
  for (const seed of sticks.clock.seeds) writer.i32(seed);
  writer.bytes(sticks.clock.secret);
  const tables = [...sticks.tables()];
  writer.u32(tables.length);
  const servers = serversByBackend(slots);
  for (const [backend, table] of tables) {
    const own = servers.get(backend) ?? [];
    const numbers = new Map(own.map(({ slot }, number) => [slot, number]));
    writer.text(backend);
    writer.u32(own.length);
    for (const { name } of own) writer.text(name);
    const entries = new ByteWriter();
    yield* table.each((hash1, hash2, slot, expiresInS, sinceS) => {
      const number = numbers.get(slot);
      if (number === undefined) return;
      entries.i32(hash1);
      entries.i32(hash2);
      entries.u32(number);
      entries.u32(expiresInS);
      entries.i32(sinceS);
    });
    writer.u32(entries.length / ENTRY_BYTES);
    for (const piece of entries.pieces()) writer.bytes(piece);
  }
  return { name: STICK_SECTION, version: VERSION, pieces: writer.pieces() };
}

/** decodeSticks throws for what it cannot read. */
export function decodeSticks({ version, bytes }: Section): KeptSticks {
  if (version !== VERSION) throw new Error(`it has version ${version}, this release reads ${VERSION}`);
  const reader = new ByteReader(bytes);
  const seeds = [reader.i32(), reader.i32()] as const;
  const secret = reader.bytes(SECRET_BYTES);
  const tables = new Map<string, KeptTable>();
  for (let count = reader.u32(); count > 0; count--) {
    const backend = reader.text();
    const servers: string[] = [];
    for (let left = reader.u32(); left > 0; left--) servers.push(reader.text());
    tables.set(backend, { servers, entries: reader.bytes(reader.u32() * ENTRY_BYTES) });
  }
  reader.end();
  return { seeds, secret, tables };
}

/** fillTable puts entries of a backend's earlier table into its new one, and returns how many. Those of servers that are gone are dropped. */
export function* fillTable(
  kept: KeptTable,
  table: SharedStickTable,
  slotOf: (server: string) => number | undefined,
  agoS: number,
): Steps<number> {
  const reader = new ByteReader(kept.entries);
  const slots = kept.servers.map(slotOf);
  let count = 0;
  for (let steps = 1; reader.left > 0; steps++) {
    if (steps % ENTRIES_A_STEP === 0) yield;
    const [hash1, hash2] = [reader.i32(), reader.i32()];
    const slot = slots[reader.u32()];
    const [expiresInS, sinceS] = [reader.u32() - agoS, reader.i32() + agoS];
    if (slot === undefined || expiresInS < 0) continue;
    table.put(hash1, hash2, slot, expiresInS, sinceS);
    count++;
  }
  return count;
}

function serversByBackend(
  slots: Readonly<Record<string, number>>,
): Map<string, { readonly name: string; readonly slot: number }[]> {
  const servers = new Map<string, { name: string; slot: number }[]>();
  for (const path in slots) {
    const slash = path.indexOf('/');
    const backend = path.slice(0, slash);
    const server = { name: path.slice(slash + 1), slot: slots[path]! };
    const own = servers.get(backend);
    if (own === undefined) servers.set(backend, [server]);
    else own.push(server);
  }
  return servers;
}
