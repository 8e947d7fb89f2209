/**
 * Table: rows for people. Main thread.
 */
import type { Colours } from '../terminal.ts';

/** table lays rows out under their headings; numbers stand right. What would move a terminal's cursor is left out. */
export function table(
  headings: readonly string[],
  rows: readonly (readonly (string | number)[])[],
  colours: Colours,
): string {
  const cells = rows.map((row) => row.map((cell) => plain(String(cell))));
  const widths = headings.map((heading, at) => Math.max(heading.length, ...cells.map((row) => row[at]!.length)));
  const line = (row: readonly string[], isRight: (at: number) => boolean): string =>
    row
      .map((cell, at) => (isRight(at) ? cell.padStart(widths[at]!) : cell.padEnd(widths[at]!)))
      .join('  ')
      .trimEnd();
  const isNumber = (at: number): boolean => rows.length > 0 && rows.every((row) => typeof row[at] === 'number');
  return [colours.dim(line(headings, isNumber)), ...cells.map((row) => line(row, isNumber))].join('\n');
}

/** plain leaves out control characters, which somebody else may have put in. */
export function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is left out
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '');
}

/** lengthText writes a length of time as people do: `850ms`, `12s`, `3m 5s`, `2h 10m`, `4d 3h`. */
export function lengthText(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)}ms`;
  const seconds = Math.floor(ms / 1000);
  const parts: readonly (readonly [number, string])[] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count}${unit}`)
    .join(' ');
}
