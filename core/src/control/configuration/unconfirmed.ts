/**
 * Unconfirmed: the rules before those that are still to be confirmed, kept in a file beside the rule file, so that a gateway that crashes or
 * is restarted meanwhile starts with them. Main thread.
 */
import { readFile, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Logger } from 'pino';
import { GatewayError } from '../report/errors.ts';
import { fileReason } from '../report/path-problem.ts';
import { readRuleFile, replaceFile, tagOf } from './rule-text.ts';

interface Kept {
  /** The tag of the text that is to be confirmed. */
  readonly tag: string;
  /** The text before it. */
  readonly text: string;
}

function pathBeside(file: string): string {
  return join(dirname(file), `.${basename(file)}.unconfirmed`);
}

/** keepUnconfirmed notes the text to go back to. Rejects with SG0907. */
export function keepUnconfirmed(file: string, kept: Kept): Promise<void> {
  return replaceFile(pathBeside(file), JSON.stringify(kept));
}

export async function forgetUnconfirmed(file: string): Promise<void> {
  await rm(pathBeside(file), { force: true });
}

/**
 * restoreUnconfirmed puts the rules from before into a rule file whose last change was never confirmed. To be called before a gateway is made
 * of the file. A file that was changed by somebody else since then is left as it is. Rejects with SG0907.
 */
export async function restoreUnconfirmed(file: string, log: Logger): Promise<void> {
  let kept: Kept;
  try {
    kept = JSON.parse(await readFile(pathBeside(file), 'utf8'));
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw new GatewayError('SG0907', { wish: 'read', file: pathBeside(file), reason: fileReason(thrown) });
  }
  if (tagOf(await readRuleFile(file)) === kept.tag) {
    await replaceFile(file, kept.text);
    log.warn({ file }, 'the last change of the rules was not confirmed before the gateway ended: it was rolled back');
  }
  await forgetUnconfirmed(file);
}
