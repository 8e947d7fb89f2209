/**
 * GatewayView: the process itself: threads, memory, listeners, lists, and the reload. Browser.
 */
import type { AnswerOf } from '@sluice/core/admin';
import { useEffect, useState } from 'preact/hooks';
import type { ApiError, Problem } from '../connection/api.ts';
import { formatAddress, formatAge, formatBytes, formatCount } from '../measure/format.ts';
import { announce } from '../parts/announce.tsx';
import { Badge } from '../parts/badge.tsx';
import { DataTable } from '../parts/table.tsx';
import { useFeed, usePicture } from '../parts/use-feed.ts';

export function GatewayView() {
  const { status, stats } = usePicture();
  const { api } = useFeed();
  return (
    <>
      <section aria-labelledby="process-title">
        <div class="section-head">
          <h2 id="process-title">Process</h2>
        </div>
        <dl class="facts">
          <Fact title="Sluice" value={status.version.sluice} />
          <Fact title="Node.js" value={status.version.node} />
          <Fact title="Process id" value={`${status.pid}`} />
          <Fact title="Up" value={formatAge(status.uptimeMs)} />
          <Fact title="Memory" value={formatBytes(status.memory.residentBytes)} />
          <Fact title="Heap of the main thread" value={formatBytes(status.memory.heapBytes)} />
          <Fact title="Sticky clients known" value={formatCount(status.sticks)} />
        </dl>
      </section>
      {api.may('reload') && <Reload />}
      <section aria-labelledby="threads-title">
        <div class="section-head">
          <h2 id="threads-title">Data threads</h2>
        </div>
        <DataTable
          caption="Data threads"
          rows={status.threads}
          keyOf={({ thread }) => `${thread}`}
          empty="There are none: the gateway runs on its main thread."
          columns={[
            { title: 'Thread', cell: ({ thread }) => thread },
            { title: 'State', cell: ({ state }) => <Badge tone={state === 'serving' ? 'ok' : 'warn'} text={state} /> },
            { title: 'Replaced', isNumber: true, cell: ({ replaced }) => replaced },
            { title: 'Heartbeats', isNumber: true, cell: ({ beats }) => formatCount(beats) },
            {
              title: 'Over 64 ms late',
              isNumber: true,
              cell: ({ lateness }) => formatCount(sum(lateness.slice(FIRST_LATE))),
            },
            { title: 'In a plugin’s word', cell: ({ word }) => word ?? '–' },
          ]}
        />
      </section>
      <section aria-labelledby="listeners-title">
        <div class="section-head">
          <h2 id="listeners-title">Listeners</h2>
        </div>
        <DataTable
          caption="Listeners"
          isStacked
          rows={stats.listeners}
          keyOf={({ name }) => name}
          empty="There are none."
          columns={[
            { title: 'Listener', isLine: true, cell: ({ name }) => name },
            {
              title: 'Addresses',
              cell: ({ address, otherAddresses }) => [address, ...otherAddresses].map(formatAddress).join(', '),
            },
            { title: 'Open', isNumber: true, cell: ({ openConnections }) => formatCount(openConnections) },
            { title: 'Requests', isNumber: true, cell: ({ counters }) => formatCount(counters.requests) },
            { title: 'Denied', isNumber: true, cell: ({ counters }) => formatCount(counters.denied) },
            { title: 'Limited', isNumber: true, cell: ({ counters }) => formatCount(counters.limited) },
            { title: 'Bad requests', isNumber: true, cell: ({ counters }) => formatCount(counters.badRequests) },
            {
              title: 'Refused connections',
              isNumber: true,
              cell: ({ counters }) => formatCount(counters.connectionsRefused),
            },
            { title: 'TLS failures', isNumber: true, cell: ({ counters }) => formatCount(counters.tlsFailures) },
            { title: 'In', isNumber: true, cell: ({ counters }) => formatBytes(counters.bytesIn) },
            { title: 'Out', isNumber: true, cell: ({ counters }) => formatBytes(counters.bytesOut) },
          ]}
        />
      </section>
      {api.may('listLists') && <Lists />}
    </>
  );
}

/** The first of the API's steps of lateness, which double from 1 ms, that is over 64 ms. */
const FIRST_LATE = 7;

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}

function Fact({ title, value }: { readonly title: string; readonly value: string }) {
  return (
    <div>
      <dt>{title}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function Reload() {
  const feed = useFeed();
  const [isBusy, setBusy] = useState(false);
  const [failure, setFailure] = useState<ApiError | null>(null);
  const reload = async (): Promise<void> => {
    setBusy(true);
    setFailure(null);
    try {
      const { generation } = await feed.api.call('reload', { body: {} });
      announce(`The rules were reloaded: generation ${generation} is active`);
    } catch (thrown) {
      setFailure(thrown as ApiError);
    }
    setBusy(false);
    await feed.refresh();
  };
  return (
    <section aria-labelledby="reload-title">
      <div class="section-head">
        <h2 id="reload-title">Rules</h2>
        <button type="button" disabled={isBusy} onClick={() => void reload()}>
          {isBusy ? 'Reloading…' : 'Reload'}
        </button>
        <span class="muted">reads the rule file again; if it has errors, the active rules stay</span>
      </div>
      <div role="alert">
        {failure !== null && (
          <div class="banner bad">
            <p>The rules were not reloaded: {failure.message.split('\n')[0]}</p>
            {failure.diagnostics.length > 0 && (
              <ul>
                {failure.diagnostics.map((problem) => (
                  <li key={problemText(problem)}>{problemText(problem)}</li>
                ))}
              </ul>
            )}
          </div>
        )}
      </div>
    </section>
  );
}

function problemText({ file, line, message }: Problem): string {
  return `${file === undefined ? '' : `${file}${line === undefined ? '' : `:${line}`}: `}${message}`;
}

function Lists() {
  const feed = useFeed();
  const [lists, setLists] = useState<AnswerOf<'listLists'> | null>(null);
  const generation = feed.picture?.status.generation;
  useEffect(() => {
    feed.api.call('listLists').then(setLists, () => setLists(null));
  }, [generation]);
  if (lists === null || lists.lists.length + lists.maps.length === 0) return null;
  const rows = [
    ...lists.lists.map((each) => ({ ...each, kind: `list of ${each.type}` })),
    ...lists.maps.map((each) => ({ ...each, kind: `map from ${each.from} to ${each.to}` })),
  ];
  return (
    <section aria-labelledby="lists-title">
      <div class="section-head">
        <h2 id="lists-title">Lists and maps</h2>
      </div>
      <DataTable
        caption="Lists and maps"
        rows={rows}
        keyOf={({ name }) => name}
        empty=""
        columns={[
          { title: 'Name', cell: ({ name }) => name },
          { title: 'Kind', cell: ({ kind }) => kind },
          { title: 'Entries', isNumber: true, cell: ({ entries }) => formatCount(entries) },
          { title: 'File', cell: ({ file }) => file ?? 'in the rules' },
        ]}
      />
    </section>
  );
}
