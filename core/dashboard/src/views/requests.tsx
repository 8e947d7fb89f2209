/**
 * RequestsView: the latest requests that were refused or failed, with the reason, and those that are open now. Browser.
 */
import type { AnswerOf } from '@sluice/core/admin';
import { useState } from 'preact/hooks';
import { formatClock } from '../measure/format.ts';
import { Badge, type Tone } from '../parts/badge.tsx';
import { DataTable } from '../parts/table.tsx';
import { useAnswer } from '../parts/use-answer.ts';
import { useFeed } from '../parts/use-feed.ts';
import { SessionsTable } from './sessions.tsx';

type Failure = AnswerOf<'listErrors'>['errors'][number];

export function RequestsView() {
  const { api } = useFeed();
  return (
    <>
      {api.may('listErrors') && <Failures />}
      {api.may('listAllSessions') && <OpenSessions />}
    </>
  );
}

/** More rows than these are drawn only when the user asks for them. */
const MOST_ROWS = 25;

const TONES: Partial<Readonly<Record<Failure['kind'], Tone>>> = {
  server: 'bad',
  answer: 'bad',
  rule: 'warn',
  limit: 'warn',
};

function Failures() {
  const { answer, problem } = useAnswer('listErrors', { most: '200' });
  const [kept, setKept] = useState<readonly Failure[] | null>(null);
  const [filter, setFilter] = useState('');
  const [isAll, setAll] = useState(false);
  const errors = kept ?? answer?.errors ?? [];
  const wanted = filter.trim().toLowerCase();
  const found = errors.filter((failure) => Object.values(failure).join(' ').toLowerCase().includes(wanted));
  return (
    <section aria-labelledby="failures-title">
      <div class="section-head">
        <h2 id="failures-title">Refused and failed requests</h2>
        <input
          type="search"
          aria-label="Filter requests"
          placeholder="Filter by anything"
          value={filter}
          onInput={(event) => setFilter(event.currentTarget.value)}
        />
        <button type="button" aria-pressed={kept !== null} onClick={() => setKept(kept === null ? errors : null)}>
          {kept === null ? 'Pause' : 'Go on'}
        </button>
        <span class="muted">the latest ones, newest first</span>
      </div>
      {problem !== null && <p class="problem">{problem.message}</p>}
      <DataTable
        caption="Refused and failed requests"
        isStacked
        rows={isAll ? found : found.slice(0, MOST_ROWS)}
        keyOf={({ at, thread, client, path, why }) => `${at} ${thread} ${client} ${path} ${why}`}
        empty={errors.length === 0 ? 'None was refused, and none failed.' : 'No request matches.'}
        columns={[
          { title: 'Time', cell: ({ at }) => formatClock(Date.parse(at)) },
          { title: 'Kind', cell: ({ kind }) => <Badge tone={TONES[kind] ?? 'idle'} text={kind} /> },
          { title: 'Status', isNumber: true, cell: ({ status }) => (status === 0 ? '–' : status) },
          {
            title: 'Request',
            isLine: true,
            cell: ({ method, path, client, listener }) => (
              <>
                <code>{method === '' ? 'TCP connection' : `${method} ${path}`}</code>
                <span class="sub">
                  from {client} to {listener}
                </span>
              </>
            ),
          },
          {
            title: 'Why',
            isLine: true,
            cell: ({ why, rule, backend, server }) => (
              <>
                {why}
                <span class="sub">
                  {[rule, backend === null ? null : server === null ? backend : `${backend}/${server}`]
                    .filter((each) => each !== null)
                    .join(' · ')}
                </span>
              </>
            ),
          },
        ]}
      />
      {!isAll && found.length > MOST_ROWS && (
        <button type="button" onClick={() => setAll(true)}>
          Show all {found.length}
        </button>
      )}
    </section>
  );
}

function OpenSessions() {
  const { answer, problem, refresh } = useAnswer('listAllSessions', { most: '100' });
  return (
    <section aria-labelledby="sessions-title">
      <div class="section-head">
        <h2 id="sessions-title">Open requests and tunnels</h2>
        {answer !== null && (
          <span class="muted">
            {answer.open} open
            {answer.sessions.length < answer.open ? `, the oldest ${answer.sessions.length} shown` : ''}
          </span>
        )}
      </div>
      {problem !== null && <p class="problem">{problem.message}</p>}
      {answer !== null && (
        <SessionsTable caption="Open requests and tunnels" sessions={answer.sessions} onEnd={refresh} isServerShown />
      )}
    </section>
  );
}
