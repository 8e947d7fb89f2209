/**
 * LineSection: a section of records, one line of JSON each. Main thread.
 */
import type { Steps } from '@sluice/dsl/match';
import { ByteWriter } from './byte-writer.ts';
import type { Section, WrittenSection } from './snapshot.ts';

/** Records that are written in one step. */
const RECORDS_A_STEP = 64;

/** encodeLines writes what there is to say of each item; null: nothing. */
export function* encodeLines<Item>(
  name: string,
  version: number,
  items: Iterable<Item>,
  record: (item: Item) => object | null,
): Steps<WrittenSection> {
  const writer = new ByteWriter();
  let count = 0;
  for (const item of items) {
    if (++count % RECORDS_A_STEP === 0) yield;
    const written = record(item);
    if (written !== null) writer.bytes(Buffer.from(`${JSON.stringify(written)}\n`));
  }
  return { name, version, pieces: writer.pieces() };
}

/** decodeLines throws for a line that `record` refuses, and for another version. */
export function decodeLines<Kept>(
  section: Section,
  version: number,
  record: (value: unknown) => Kept,
): readonly Kept[] {
  if (section.version !== version) throw new Error(`it has version ${section.version}, this release reads ${version}`);
  const text = new TextDecoder('utf-8', { fatal: true }).decode(section.bytes);
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => record(JSON.parse(line)));
}
