/**
 * HistoryView: the rules that were activated over the API: who, when and why; what is different, and the way back. Browser.
 */
import type { AnswerOf } from '@sluice/core/admin';
import { useState } from 'preact/hooks';
import { announce, announceFailure } from '../parts/announce.tsx';
import { FormDialog } from '../parts/dialog.tsx';
import { type Column, DataTable } from '../parts/table.tsx';
import { useAnswer } from '../parts/use-answer.ts';
import { useFeed } from '../parts/use-feed.ts';

type Entry = AnswerOf<'listHistory'>['entries'][number];
type Differences = AnswerOf<'replaceConfiguration'>['differences'];

/** Chosen is an entry that somebody looks at. */
interface Chosen {
  readonly entry: Entry;
  readonly text: string;
  /** Against the rules that run; null: the token may not compare. */
  readonly differences: Differences | null;
}

export function HistoryView() {
  const { api } = useFeed();
  const { answer, problem, refresh } = useAnswer('listHistory');
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const mayRollBack = api.may('rollbackConfiguration');

  const show = async (entry: Entry): Promise<void> => {
    try {
      const { text } = await api.call('getHistory', { params: { number: String(entry.number) } });
      let differences: Differences | null = null;
      if (api.may('replaceConfiguration')) {
        const { tag } = await api.call('getConfiguration');
        const compared = { query: { 'dry-run': 'true' as const }, body: { text }, ifMatch: tag };
        differences = (await api.call('replaceConfiguration', compared)).differences;
      }
      setChosen({ entry, text, differences });
    } catch (thrown) {
      announceFailure(`Version ${entry.number} cannot be compared: ${(thrown as Error).message}`);
    }
  };
  const rollBack = async ({ number }: Entry): Promise<void> => {
    setChosen(null);
    try {
      const { generation } = await api.call('rollbackConfiguration', { params: { number: String(number) }, body: {} });
      announce(`Rolled back to version ${number}: generation ${generation} is active`);
    } catch (thrown) {
      announceFailure(`Not rolled back: ${(thrown as Error).message}`);
    }
    refresh();
  };

  const columns: Column<Entry>[] = [
    { title: 'Version', isNumber: true, cell: ({ number }) => String(number) },
    { title: 'Activated', cell: ({ at }) => new Date(at).toLocaleString('en-GB') },
    { title: 'By', cell: ({ who }) => who ?? 'somebody without a token' },
    { title: 'Why', isLine: true, cell: ({ message }) => message ?? '–' },
    {
      title: 'Actions',
      isUntitled: true,
      isLine: true,
      cell: (entry) => (
        <div class="actions">
          <button
            type="button"
            class="small"
            aria-label={`Show version ${entry.number}`}
            onClick={() => void show(entry)}
          >
            Show
          </button>
        </div>
      ),
    },
  ];
  return (
    <section aria-labelledby="history-title">
      <div class="section-head">
        <h2 id="history-title">History of the rules</h2>
        <span class="muted">changes made over the admin API, newest first</span>
      </div>
      {problem !== null && <p class="problem">{problem.message}</p>}
      {answer !== null && (
        <DataTable
          caption="History of the rules"
          isStacked
          columns={columns}
          rows={answer.entries}
          keyOf={({ number }) => String(number)}
          empty="The rules have not been changed over the admin API."
        />
      )}
      {chosen !== null && (
        <FormDialog
          title={`Version ${chosen.entry.number}`}
          action={mayRollBack ? 'Roll back to this version' : null}
          isWide
          onSubmit={() => void rollBack(chosen.entry)}
          onClose={() => setChosen(null)}
        >
          {chosen.differences !== null && <DifferenceList differences={chosen.differences} />}
          <pre class="code">{chosen.text}</pre>
        </FormDialog>
      )}
    </section>
  );
}

/** DifferenceList says which requests would be treated differently from now. */
function DifferenceList({ differences }: { readonly differences: Differences }) {
  const { isSame, onlyBefore, onlyAfter, differences: all } = differences;
  if (isSame) return <p>No request was found that this version treats differently from the running rules.</p>;
  return (
    <>
      <p>Compared with the running rules, this version treats these requests differently:</p>
      <ul>
        {onlyBefore.map((name) => (
          <li key={name}>listener {name} is gone</li>
        ))}
        {onlyAfter.map((name) => (
          <li key={name}>listener {name} is back</li>
        ))}
        {all.map(({ request, before, after }) => (
          <li key={request}>
            <code>{request}</code>: {before.verdict} → {after.verdict}
          </li>
        ))}
      </ul>
    </>
  );
}
