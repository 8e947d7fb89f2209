/**
 * FormattedLine: one line of a formatted text, before comments are aligned. Main thread.
 */

export interface FormattedLine {
  /** Blanks before it. */
  readonly indent: number;
  /** Empty for a line that is all comment. */
  readonly code: string;
  /** With its `#`; empty for none. */
  comment: string;
  readonly isBlankBefore: boolean;
}

/** Blanks between code and the comment behind it, at least. */
const GAP = 2;

/** alignComments writes the lines; comments behind the code of neighbouring lines stand under one another. */
export function alignComments(lines: readonly FormattedLine[]): string {
  let text = '';
  for (let from = 0; from < lines.length; ) {
    let to = from + 1;
    const isTrailing = (line: FormattedLine | undefined): boolean =>
      line !== undefined && line.code !== '' && line.comment !== '';
    if (isTrailing(lines[from])) while (isTrailing(lines[to]) && !lines[to]!.isBlankBefore) to++;
    const group = lines.slice(from, to);
    const column = Math.max(...group.map(({ indent, code }) => indent + code.length)) + GAP;
    for (const line of group) text += `${line.isBlankBefore ? '\n' : ''}${lineText(line, column)}\n`;
    from = to;
  }
  return text;
}

function lineText({ indent, code, comment }: FormattedLine, column: number): string {
  const start = ' '.repeat(indent) + code;
  if (comment === '') return start;
  return (code === '' ? start : start.padEnd(column)) + comment;
}
