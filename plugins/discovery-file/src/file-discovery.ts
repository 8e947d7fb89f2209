/**
 * FileDiscovery: servers from a file, taken only when nobody is writing it. Main thread.
 *
 * The file is looked at again and again, which works on every file system and sees a rename over it. One that changed is read
 * once it has been left alone for a moment and looks the same before and after.
 */
import type { BigIntStats } from 'node:fs';
import { open } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import type { Discovery, FoundServer } from '@sluice/core/plugin';
import { readJsonServers, readServerLines } from '@sluice/core/server-list';
import { fileError } from './errors.ts';

/** How long a file must not have changed. */
const SETTLE_MS = 200;
const MOST_BYTES = 4 * 1024 * 1024;

export const fileDiscovery: Discovery = {
  // The file is here: there is no one to spare by asking less often.
  mostBackoffMs: 1000,
  async find({ options, memory, signal }) {
    const path = options.file as string;
    const againMs = options.every as number;
    for (;;) {
      const { stamp, isFresh, bytes } = await look(path, memory as string | undefined);
      if (bytes === null) return { servers: null, againMs };
      if (!isFresh && (await look(path, stamp)).bytes === null) {
        return { servers: parse(path, bytes), againMs, memory: stamp };
      }
      await pause(SETTLE_MS, undefined, { signal });
    }
  },
};

interface Look {
  /** What tells one content of the file from the next. */
  readonly stamp: string;
  readonly isFresh: boolean;
  /** Null: it has the known stamp. */
  readonly bytes: Buffer | null;
}

async function look(path: string, known: string | undefined): Promise<Look> {
  // The file that is looked at and the one that is read are the same, whatever is renamed meanwhile.
  const file = await open(path).catch(explain);
  try {
    const stats = await file.stat({ bigint: true });
    if (!stats.isFile()) throw fileError('SP0703', {});
    if (stats.size > MOST_BYTES) throw fileError('SP0704', { most: MOST_BYTES });
    const stamp = stampOf(stats);
    const sinceMs = Math.abs(Date.now() - Number(stats.mtimeMs));
    return { stamp, isFresh: sinceMs < SETTLE_MS, bytes: stamp === known ? null : await file.readFile() };
  } finally {
    await file.close();
  }
}

function stampOf({ mtimeNs, ctimeNs, size, ino }: BigIntStats): string {
  return `${mtimeNs} ${ctimeNs} ${size} ${ino}`;
}

function parse(path: string, bytes: Buffer): readonly FoundServer[] {
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });
  let content: string;
  try {
    content = text.decode(bytes);
  } catch (thrown) {
    throw fileError('SP0705', {}, thrown);
  }
  if (path.endsWith('.json')) return readJsonServers(content);
  const servers = readServerLines(content);
  // A file that was just emptied, to be written, looks like this.
  if (servers.length === 0) throw fileError('SP0706', {});
  return servers;
}

function explain(thrown: NodeJS.ErrnoException): never {
  const { code } = thrown;
  if (code === 'ENOENT') throw fileError('SP0701', {}, thrown);
  throw fileError('SP0702', { reason: code ?? 'unknown' }, thrown);
}
