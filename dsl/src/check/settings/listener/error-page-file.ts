/**
 * ErrorPageFile: `errors 502, 503 from "pages/sorry.html"`: a page of the user's own for answers of the gateway. Main thread.
 *
 * The file has been read before the check; here it is measured, and its type told by its ending.
 */
import { relative } from 'node:path';
import type { ErrorPage } from '../../../plan/plan.ts';
import type { Item } from '../../../syntax/tree.ts';
import type { Scope } from '../../scope/scope.ts';
import type { SettingLine } from '../setting-line.ts';

/** Longest page, in bytes of UTF-8: an answer of trouble goes out in one piece. */
const MAX_PAGE_BYTES = 65_536;

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  htm: 'text/html; charset=utf-8',
  txt: 'text/plain; charset=utf-8',
  json: 'application/json',
  xml: 'application/xml',
  svg: 'image/svg+xml',
};

/** readErrorPage returns the page, or null after reporting. `said` has the lines of the statuses before it. */
export function readErrorPage(
  scope: Scope,
  line: Pick<SettingLine, 'args' | 'spans' | 'span'>,
  said: Map<number, number>,
): ErrorPage | null {
  const statuses = line.args.statuses as readonly (number | string)[];
  const span = line.spans.get('statuses')!;
  for (const status of statusesOf(statuses)) {
    const before = said.get(status);
    if (before !== undefined) return scope.error('SL0122', span, { word: String(status), line: before });
  }
  for (const status of statusesOf(statuses)) said.set(status, scope.place(line.span).line);
  const item = line.spans.get('file')! as Item;
  const file = line.args.file as string;
  const ending = /\.([a-z]+)$/i.exec(file)?.[1]?.toLowerCase() ?? '';
  const contentType = TYPES[ending];
  const name = relative('', file);
  if (contentType === undefined) {
    return scope.error('SL0642', item, { file: name }, `Supported extensions: ${Object.keys(TYPES).join(', ')}`);
  }
  const text = scope.listed.get(item)?.text;
  // What could not be read has been reported.
  if (text === undefined) return null;
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_PAGE_BYTES) return scope.error('SL0643', item, { file: name, bytes, limit: MAX_PAGE_BYTES });
  return { statuses, file, contentType, body: text, place: scope.place(line.span) };
}

/** statusesOf counts ranges out. */
function* statusesOf(statuses: readonly (number | string)[]): Generator<number> {
  for (const each of statuses) {
    const [low, high] = typeof each === 'number' ? [each, each] : (each.split('..').map(Number) as [number, number]);
    for (let status = low; status <= high; status++) yield status;
  }
}
