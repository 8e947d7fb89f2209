/**
 * RuleText: the text of rules, where it comes from and how it is replaced. Main thread.
 *
 * A file is replaced in one step: whoever opens it sees the old text or the new one, whole, after a crash too.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { rewriteWhole } from '../../plugin/whole-file.ts';
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
  try {
    await rewriteWhole(file, text);
  } catch (thrown) {
    throw new GatewayError('SG0907', { wish: 'written', file, reason: fileReason(thrown) });
  }
}
