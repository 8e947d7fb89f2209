/**
 * RulesView: the active rules, and how often traffic hits each. Browser.
 */
import { useRef, useState } from 'preact/hooks';
import { formatCount, formatRate } from '../measure/format.ts';
import { Badge } from '../parts/badge.tsx';
import { DataTable } from '../parts/table.tsx';
import { useAnswer } from '../parts/use-answer.ts';
import { usePicture } from '../parts/use-feed.ts';

const MOST_ROWS = 500;

export function RulesView() {
  const { answer, problem } = useAnswer('listRules');
  const { stats, atMs } = usePicture();
  const [filter, setFilter] = useState('');
  const [isOnlyUnhit, setOnlyUnhit] = useState(false);
  const [isAll, setAll] = useState(false);
  const rateOf = useRates(answer?.rules ?? [], atMs);
  if (answer === null) return <p class="muted">{problem?.message ?? 'Asking…'}</p>;
  const found = answer.rules.filter(
    ({ text, listener, hits }) =>
      `${listener} ${text}`.toLowerCase().includes(filter.trim().toLowerCase()) && (!isOnlyUnhit || hits === 0),
  );
  const unhit = answer.rules.filter(({ hits }) => hits === 0).length;
  const rows = isAll ? found : found.slice(0, MOST_ROWS);
  return (
    <section aria-labelledby="rules-title">
      <div class="section-head">
        <h2 id="rules-title">Rules</h2>
        <input
          type="search"
          aria-label="Filter rules"
          placeholder="Filter by text or listener"
          value={filter}
          onInput={(event) => setFilter(event.currentTarget.value)}
        />
        <label class="inline">
          <input
            type="checkbox"
            checked={isOnlyUnhit}
            onChange={(event) => setOnlyUnhit(event.currentTarget.checked)}
          />
          only those that were never hit
        </label>
        <span class="muted" role="status">
          {found.length} of {answer.rules.length}, {unhit} never hit
        </span>
      </div>
      <DataTable
        caption="Rules in the order in which they are judged"
        rows={rows}
        keyOf={({ file, line, column, listener }) => `${listener} ${file}:${line}:${column}`}
        empty={stats.listeners.length === 0 ? 'There are no listeners.' : 'No rule matches.'}
        columns={[
          { title: 'Rule', cell: ({ text }) => <code>{text}</code> },
          { title: 'Listener', cell: ({ listener }) => listener },
          { title: 'Kind', isMinor: true, cell: ({ kind }) => kind },
          {
            title: 'Hits',
            isNumber: true,
            cell: ({ hits }) =>
              hits === null ? (
                <span class="muted">not counted</span>
              ) : hits === 0 ? (
                <Badge tone="warn" text="never hit" />
              ) : (
                formatCount(hits)
              ),
          },
          { title: 'Now', isNumber: true, isMinor: true, cell: (rule) => `${formatRate(rateOf(rule))}/s` },
          {
            title: 'Place',
            isMinor: true,
            cell: ({ file, line }) => (
              <span class="why">
                {file}:{line}
              </span>
            ),
          },
        ]}
      />
      {rows.length < found.length && (
        <button type="button" onClick={() => setAll(true)}>
          Show all {found.length}
        </button>
      )}
    </section>
  );
}

interface CountedRule {
  readonly listener: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly hits: number | null;
}

/** useRates is hits per second between the last two answers; null: not known yet. */
function useRates(rules: readonly CountedRule[], atMs: number): (rule: CountedRule) => number | null {
  const seen = useRef({ rules, atMs, rates: new Map<string, number>() });
  const keyOf = ({ listener, file, line, column }: CountedRule): string => `${listener} ${file}:${line}:${column}`;
  const { current } = seen;
  if (current.rules !== rules) {
    const before = new Map(current.rules.map((rule) => [keyOf(rule), rule.hits]));
    const seconds = (atMs - current.atMs) / 1000;
    const rates = new Map<string, number>();
    for (const rule of rules) {
      const hits = before.get(keyOf(rule));
      if (rule.hits === null || hits === null || hits === undefined || seconds <= 0) continue;
      if (rule.hits >= hits) rates.set(keyOf(rule), (rule.hits - hits) / seconds);
    }
    seen.current = { rules, atMs, rates };
  }
  return (rule) => seen.current.rates.get(keyOf(rule)) ?? null;
}
