/**
 * SourceText: one rule file's text, and where in it an offset stands. Main thread.
 *
 * Tokens and tree nodes carry offsets only; lines are looked for when a place is asked for, by bisection in a table that
 * is built once.
 */
import type { Place } from '../plan/place.ts';

/** Span is a piece of a text: UTF-16 offsets, the end not included. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

const BYTE_ORDER_MARK = 0xfeff;

export class SourceText {
  readonly file: string;
  /** Without its byte order mark. */
  readonly text: string;
  /** The folder at which relative paths in it begin, absolute. */
  readonly folder: string;
  #lineStarts: number[] | null = null;
  #lastLine = 0;

  constructor(file: string, text: string, folder = '/') {
    this.file = file;
    this.folder = folder;
    this.text = text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text;
  }

  /** placeOf gives a span its line and column. A span over several lines keeps its whole length. */
  placeOf(span: Span): Place {
    const starts = this.#starts();
    const line = this.#lineIndexOf(span.start, starts);
    return {
      file: this.file,
      line: line + 1,
      column: span.start - starts[line]! + 1,
      length: Math.max(1, span.end - span.start),
    };
  }

  /** columnOf is the column of an offset, from 1. */
  columnOf(offset: number): number {
    const starts = this.#starts();
    return offset - starts[this.#lineIndexOf(offset, starts)]! + 1;
  }

  #starts(): number[] {
    if (this.#lineStarts !== null) return this.#lineStarts;
    const starts = [0];
    for (let at = this.text.indexOf('\n'); at >= 0; at = this.text.indexOf('\n', at + 1)) starts.push(at + 1);
    this.#lineStarts = starts;
    return starts;
  }

  /** Most look-ups are near the one before, so the last line is tried first. */
  #lineIndexOf(offset: number, starts: readonly number[]): number {
    let low = 0;
    let high = starts.length - 1;
    const last = this.#lastLine;
    if (starts[last]! <= offset) {
      if (last === high || offset < starts[last + 1]!) return last;
      low = last + 1;
      if (low === high || offset < starts[low + 1]!) {
        this.#lastLine = low;
        return low;
      }
    } else {
      high = last - 1;
    }
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    this.#lastLine = low;
    return low;
  }
}

/** lineOf returns the text of a line (from 1), without its line ending; empty when there is none. */
export function lineOf(text: string, line: number): string {
  let start = 0;
  for (let count = 1; count < line; count++) {
    start = text.indexOf('\n', start) + 1;
    if (start === 0) return '';
  }
  let end = text.indexOf('\n', start);
  if (end < 0) end = text.length;
  else if (end > start && text.charCodeAt(end - 1) === 13) end--;
  if (start === 0 && text.charCodeAt(0) === BYTE_ORDER_MARK) start = 1;
  return text.slice(start, end);
}
