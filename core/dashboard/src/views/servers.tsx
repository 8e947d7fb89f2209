/**
 * ServersView: every server with its state and load, and what can be done to it. Browser.
 */
import { useState } from 'preact/hooks';
import type { Server } from '../connection/feed.ts';
import { formatAddress, formatAge, formatCount, formatRate } from '../measure/format.ts';
import { Badge, isTaking, serverState } from '../parts/badge.tsx';
import { type Column, DataTable } from '../parts/table.tsx';
import { useFeed, usePicture } from '../parts/use-feed.ts';
import { ServerActions } from './server-actions.tsx';

/** More rows than these are drawn only when the user asks for them. */
const MOST_ROWS = 200;

export function ServersView({ about }: { readonly about: string }) {
  const { stats } = usePicture();
  const { api, history } = useFeed();
  const [filter, setFilter] = useState(about === '' ? '' : `${about}/`);
  const [isOnlyTrouble, setOnlyTrouble] = useState(false);
  const [isAll, setAll] = useState(false);
  const all = stats.backends.flatMap(({ servers }) => servers);
  const found = all.filter(
    (server) => matches(server, filter.trim().toLowerCase()) && (!isOnlyTrouble || !isTaking(server)),
  );
  const rows = isAll ? found : found.slice(0, MOST_ROWS);
  const columns: Column<Server>[] = [
    {
      title: 'Server',
      isLine: true,
      cell: ({ backend, name, address }) => (
        <>
          <span class="name">
            <span class="muted">{backend}/</span>
            {name}
          </span>
          {!name.includes(formatAddress(address)) && <span class="sub">{formatAddress(address)}</span>}
        </>
      ),
    },
    {
      title: 'State',
      cell: (server) => (
        <>
          <Badge {...serverState(server)} />
          {server.isBackup && <span class="sub">backup</span>}
          {server.draining !== null && server.admin === 'drain' && (
            <span class="sub">
              {server.draining.deadlineInMs === null
                ? 'no deadline'
                : `${formatAge(server.draining.deadlineInMs)} left`}
            </span>
          )}
        </>
      ),
    },
    {
      title: 'Last check',
      isMinor: true,
      cell: ({ reason, lastCheck }) => (
        <span class="why">{reason || (lastCheck === 'unknown' ? 'not checked' : lastCheck)}</span>
      ),
    },
    { title: 'Weight', isNumber: true, cell: ({ weight }) => weight },
    {
      title: 'Open',
      isNumber: true,
      cell: ({ open, max, waiting }) => (
        <>
          {formatCount(open)}
          {max > 0 && <span class="muted"> of {formatCount(max)}</span>}
          {waiting > 0 && <span class="sub">{formatCount(waiting)} waiting</span>}
        </>
      ),
    },
    {
      title: 'Requests',
      isNumber: true,
      isMinor: true,
      cell: ({ backend, name }) => `${formatRate(history.serverRate(`${backend}/${name}`)?.requests ?? null)}/s`,
    },
    {
      title: 'Failures',
      isNumber: true,
      isMinor: true,
      cell: ({ backend, name }) => `${formatRate(history.serverRate(`${backend}/${name}`)?.failures ?? null)}/s`,
    },
    ...(api.may('changeServer') || api.may('listSessions')
      ? [
          {
            title: 'Actions',
            isUntitled: true,
            isLine: true,
            cell: (server: Server) => <ServerActions server={server} />,
          },
        ]
      : []),
  ];
  return (
    <section aria-labelledby="servers-title">
      <div class="section-head">
        <h2 id="servers-title">Servers</h2>
        <input
          type="search"
          aria-label="Filter servers"
          placeholder="Filter by name, address or state"
          value={filter}
          onInput={(event) => setFilter(event.currentTarget.value)}
        />
        <label class="inline">
          <input
            type="checkbox"
            checked={isOnlyTrouble}
            onChange={(event) => setOnlyTrouble(event.currentTarget.checked)}
          />
          only those that take no requests
        </label>
        <span class="muted" role="status">
          {found.length} of {all.length}
        </span>
      </div>
      <DataTable
        caption="Servers"
        isStacked
        columns={columns}
        rows={rows}
        keyOf={({ backend, name }) => `${backend}/${name}`}
        empty={all.length === 0 ? 'No backend has servers.' : 'No server matches.'}
      />
      {rows.length < found.length && (
        <button type="button" onClick={() => setAll(true)}>
          Show all {found.length}
        </button>
      )}
    </section>
  );
}

function matches(server: Server, wanted: string): boolean {
  const { backend, name, address } = server;
  const text = `${backend}/${name} ${formatAddress(address)} ${serverState(server).text}`;
  return text.toLowerCase().includes(wanted);
}
