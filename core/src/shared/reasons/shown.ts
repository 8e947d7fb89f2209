/**
 * Shown: what a stranger said, fit for a log. Both planes.
 */

const MOST_SHOWN = 160;

/** shown is what a server said, fit for a log: one line, printable, at most 160 characters. */
export function shown(said: Buffer | string): string {
  const text = typeof said === 'string' ? said : said.subarray(0, 4 * MOST_SHOWN).toString('utf8');
  const line = text.replace(/[^\x20-\x7e\u00a1-\ud7ff\ue000-\ufffc]+/g, ' ').trim();
  return line.length <= MOST_SHOWN ? line : `${line.slice(0, MOST_SHOWN - 1)}…`;
}
