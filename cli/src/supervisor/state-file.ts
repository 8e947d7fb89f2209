/**
 * StateFile: a gateway's state on its way to the gateway that takes over: a file in a folder that only this user can open, and that is gone once it has
 * been read. Main thread of a gateway.
 *
 * It may be many megabytes and holds a secret (the keys of TLS sessions), which is neither for the channel between the processes nor for the disk.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** writeStateFile returns the file's path. Rejects with the system's error, with nothing left behind. */
export async function writeStateFile(bytes: Uint8Array): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-upgrade-'));
  const file = join(folder, 'state');
  try {
    await writeFile(file, bytes, { mode: 0o600, flag: 'wx' });
    return file;
  } catch (thrown) {
    await rm(folder, { recursive: true, force: true });
    throw thrown;
  }
}

/** takeStateFile reads the file and deletes it with its folder. */
export async function takeStateFile(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } finally {
    await rm(dirname(file), { recursive: true, force: true });
  }
}
