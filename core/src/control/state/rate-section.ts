/**
 * RateSection: who has used up how much of which limit. Main thread.
 *
 * A limit is known by its rule's listener and text, which is hashed with the key: what was counted for a rule that has changed is
 * found by nobody, and gives way to other keys.
 */
import type { Steps } from '@sluice/dsl/match';
import type { SharedRateTable } from '../../shared/tables/shared-rate-table.ts';
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import type { Section, WrittenSection } from './snapshot.ts';

export const RATE_SECTION = 'rates';
const VERSION = 1;
const ENTRY_BYTES = 16;
/** Keys that are put into the table in one step. */
const KEYS_A_STEP = 1024;

export interface KeptRates {
  readonly seeds: readonly [number, number];
  readonly entries: Uint8Array;
}

/** encodeRates takes down the keys that have not their whole burst again. */
export function* encodeRates(rates: SharedRateTable): Steps<WrittenSection> {
  const writer = new ByteWriter();
  for (const seed of rates.seeds) writer.i32(seed);
  yield* rates.each((hash1, hash2, fullInMs) => {
    writer.i32(hash1);
    writer.i32(hash2);
    writer.f64(fullInMs);
  });
  return { name: RATE_SECTION, version: VERSION, pieces: writer.pieces() };
}

/** decodeRates throws for what it cannot read. */
export function decodeRates({ version, bytes }: Section): KeptRates {
  if (version !== VERSION) throw new Error(`it has version ${version}, this release reads ${VERSION}`);
  const reader = new ByteReader(bytes);
  const seeds = [reader.i32(), reader.i32()] as const;
  if (reader.left % ENTRY_BYTES !== 0) throw new RangeError('its last entry is not all there');
  return { seeds, entries: reader.bytes(reader.left) };
}

/** fillRates puts the keys into a new table, less the time that has passed, and returns how many. */
export function* fillRates(kept: KeptRates, rates: SharedRateTable, agoMs: number): Steps<number> {
  const reader = new ByteReader(kept.entries);
  let count = 0;
  for (let steps = 1; reader.left > 0; steps++) {
    if (steps % KEYS_A_STEP === 0) yield;
    const [hash1, hash2] = [reader.i32(), reader.i32()];
    const fullInMs = reader.f64() - agoMs;
    if (!(fullInMs > 0 && Number.isFinite(fullInMs))) continue;
    rates.put(hash1, hash2, fullInMs);
    count++;
  }
  return count;
}
