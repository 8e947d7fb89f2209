/**
 * RuleText: the text of rules, where it comes from and how it is replaced. Main thread.
 *
 * A file is replaced in one step: whoever opens it sees the old text or the new one, whole, after a crash too.
 */
import { createHash, randomBytes } from 'node:crypto';
import { open, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { GatewayError } from '../report/errors.ts';
import { fileReason } from '../report/path-problem.ts';

/** tagOf is the same for the same text only. */
export function tagOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

/** readRuleFile rejects with SG0907 for a file that cannot be read. */
export async function readRuleFile(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (thrown) {
    throw new GatewayError('SG0907', { wish: 'read', file, reason: fileReason(thrown) });
  }
}

/**
 * replaceFile puts a text in a file's place. The mode stays (0600 for a new file), and a symbolic link stays one. Rejects with SG0907, with
 * everything as it was.
 */
export async function replaceFile(file: string, text: string): Promise<void> {
  let fresh: string | null = null;
  try {
    const path = await realpath(file).catch(() => file);
    const mode = await stat(path).then(
      (found) => found.mode & 0o777,
      () => 0o600,
    );
    fresh = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}`);
    const handle = await open(fresh, 'wx', mode);
    try {
      await handle.writeFile(text);
      await handle.chmod(mode);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(fresh, path);
  } catch (thrown) {
    if (fresh !== null) await rm(fresh, { force: true });
    throw new GatewayError('SG0907', { wish: 'written', file, reason: fileReason(thrown) });
  }
}
