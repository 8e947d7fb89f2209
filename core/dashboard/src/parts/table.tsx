/**
 * DataTable: a table with a name, headers, and a word where it is empty. Browser.
 */
import type { ComponentChildren } from 'preact';

export interface Column<Row> {
  readonly title: string;
  /** The title is for screen readers only. */
  readonly isUntitled?: boolean;
  readonly isNumber?: boolean;
  /** Left out on narrow screens. */
  readonly isMinor?: boolean;
  /** Has a line of its own on narrow screens, where rows are stacked. */
  readonly isLine?: boolean;
  readonly cell: (row: Row) => ComponentChildren;
}

interface TableProps<Row> {
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  readonly empty: string;
  /** On narrow screens each row becomes lines below each other: for tables that would be too wide. */
  readonly isStacked?: boolean;
}

/** The first column names its row. */
export function DataTable<Row>({ caption, columns, rows, keyOf, empty, isStacked = false }: TableProps<Row>) {
  if (rows.length === 0) return <p class="empty">{empty}</p>;
  const classOf = ({ isNumber, isMinor, isLine }: Column<Row>): string =>
    [isNumber === true ? 'number' : '', isMinor === true ? 'minor' : '', isLine === true ? 'line' : '']
      .filter((name) => name !== '')
      .join(' ');
  const labelOf = ({ title, isNumber }: Column<Row>): string | undefined => (isNumber === true ? title : undefined);
  const keys = distinct(rows.map(keyOf));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
    <section class="scroll" aria-label={caption} tabIndex={0}>
      <table class={isStacked ? 'stacked' : ''}>
        <caption class="unseen">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th scope="col" class={classOf(column)} key={column.title}>
                {column.isUntitled === true ? <span class="unseen">{column.title}</span> : column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, at) => (
            <tr key={keys[at]}>
              {columns.map((column, index) =>
                index === 0 ? (
                  <th scope="row" class={classOf(column)} key={column.title}>
                    {column.cell(row)}
                  </th>
                ) : (
                  <td class={classOf(column)} data-title={labelOf(column)} key={column.title}>
                    {column.cell(row)}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** Two rows may look the same, as two requests of one moment do. */
function distinct(keys: readonly string[]): readonly string[] {
  const counts = new Map<string, number>();
  return keys.map((key) => {
    const count = counts.get(key) ?? 0;
    counts.set(key, count + 1);
    return count === 0 ? key : `${key} ${count}`;
  });
}
