/**
 * Frame: a diagnostic as people read it, with the source line and a caret under what it is about. Main thread.
 *
 *     SL0212 edge.sluice:30:8   deny path /admin
 *                                    ^^^^ compare how?
 *                                         Write `path is /admin` (exactly) or `path under /admin` (and all below)
 */
import { formatPlace } from '../plan/place.ts';
import { lineOf } from '../source/source-text.ts';
import type { Diagnostic } from './diagnostic.ts';
import { shortFormOf } from './short-form.ts';

export interface FrameOptions {
  /** ANSI colours. Default: false. */
  readonly colour?: boolean;
}

/** Widest piece of a source line that is shown. */
const WIDTH = 100;

const PLAIN = (text: string): string => text;
const paint =
  (code: number) =>
  (text: string): string =>
    `\u001b[${code}m${text}\u001b[0m`;

/** formatDiagnostic writes a diagnostic as a frame, without a line end. `sources` are the files' texts by name. */
export function formatDiagnostic(
  diagnostic: Diagnostic,
  sources: ReadonlyMap<string, string>,
  options: FrameOptions = {},
): string {
  const { code, severity, place } = diagnostic;
  const { message, fix } = shortFormOf(diagnostic);
  const isColoured = options.colour === true;
  const strong = isColoured ? paint(severity === 'error' ? 31 : 33) : PLAIN;
  const faint = isColoured ? paint(2) : PLAIN;
  const said = severity === 'warning' ? `${strong('warning:')} ${message}` : message;
  const prefix = `${code} ${formatPlace(place)}   `;
  const head = `${strong(code)} ${formatPlace(place)}   `;
  const text = sources.get(place.file);
  const line = text === undefined ? '' : lineOf(text, place.line);
  if (line.trim() === '' || line.length < place.column - 1) {
    return fix === null ? `${head}${said}` : `${head}${said}\n${' '.repeat(prefix.length)}${faint(fix)}`;
  }
  const cut = cutLine(line, place.column - 1, place.length);
  const margin = ' '.repeat(prefix.length + cut.caretAt);
  const carets = '^'.repeat(cut.caretLength);
  const frame = `${head}${cut.text}\n${margin}${strong(carets)} ${said}`;
  return fix === null ? frame : `${frame}\n${margin}${' '.repeat(carets.length + 1)}${faint(fix)}`;
}

/** cutLine trims a line's blanks, and a long line to what stands around the span. Tabs and marks take one column. */
function cutLine(line: string, start: number, length: number): { text: string; caretAt: number; caretLength: number } {
  const plain = line.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is replaced
    /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
    (character) => (character === '\t' ? ' ' : '�'),
  );
  const indent = Math.min(plain.length - plain.trimStart().length, start);
  const end = Math.max(start + 1, Math.min(start + length, plain.length));
  const last = plain.trimEnd().length;
  if (last - indent <= WIDTH) {
    return { text: plain.slice(indent, Math.max(last, start)), caretAt: start - indent, caretLength: end - start };
  }
  const from = Math.max(indent, Math.min(start - 20, last - WIDTH));
  const to = Math.min(last, from + WIDTH);
  const before = from > indent ? '…' : '';
  const after = to < last ? '…' : '';
  const caretLength = Math.max(1, Math.min(end, to) - start);
  return { text: `${before}${plain.slice(from, to)}${after}`, caretAt: start - from + before.length, caretLength };
}
