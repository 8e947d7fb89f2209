/**
 * Sessions: requests and tunnels that are open, of one server or of all, oldest first. Browser.
 */
import type { AnswerOf } from '@sluice/core/admin';
import { useEffect, useState } from 'preact/hooks';
import type { Server } from '../connection/feed.ts';
import { formatAge, formatBytes } from '../measure/format.ts';
import { announce, announceFailure } from '../parts/announce.tsx';
import { FormDialog } from '../parts/dialog.tsx';
import { type Column, DataTable } from '../parts/table.tsx';
import { useFeed } from '../parts/use-feed.ts';

type Sessions = AnswerOf<'listSessions'>;
type Session = Sessions['sessions'][number];

interface DialogProps {
  readonly server: Server;
  readonly onClose: () => void;
}

export function SessionsDialog({ server: { backend, name }, onClose }: DialogProps) {
  const feed = useFeed();
  const [sessions, setSessions] = useState<Sessions | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const look = (): void => {
    feed.api.call('listSessions', { params: { backend, server: name } }).then(
      (answer) => {
        setSessions(answer);
        setProblem(null);
      },
      (thrown) => setProblem((thrown as Error).message),
    );
  };
  useEffect(look, [feed.picture]);
  return (
    <FormDialog title={`Sessions on ${backend}/${name}`} action={null} onClose={onClose} isWide>
      {problem !== null && <p class="problem">{problem}</p>}
      {sessions !== null && (
        <>
          <p>
            {sessions.open} open, {sessions.returning} clients known that may come back
          </p>
          <SessionsTable
            caption={`Open requests and tunnels on ${backend}/${name}`}
            sessions={sessions.sessions}
            onEnd={look}
          />
        </>
      )}
    </FormDialog>
  );
}

interface TableProps {
  readonly caption: string;
  readonly sessions: readonly Session[];
  /** Called once one was ended. */
  readonly onEnd: () => void;
  readonly isServerShown?: boolean;
}

export function SessionsTable({ caption, sessions, onEnd, isServerShown = false }: TableProps) {
  const { api } = useFeed();
  const end = async ({ id, client, method, path }: Session): Promise<void> => {
    try {
      await api.call('endSessions', { body: { id } });
      announce(`${method} ${path} of ${client} was ended`);
    } catch (thrown) {
      announceFailure(`The session was not ended: ${(thrown as Error).message}`);
    }
    onEnd();
  };
  const columns: Column<Session>[] = [
    { title: 'Client', cell: ({ client, isSticky }) => (isSticky ? `${client}, sticky` : client) },
    {
      title: 'Request',
      isLine: true,
      cell: ({ kind, method, path }) => (
        <>
          <code>
            {method} {path}
          </code>
          {kind === 'tunnel' && <span class="sub">tunnel</span>}
        </>
      ),
    },
    ...(isServerShown
      ? [
          {
            title: 'On',
            cell: ({ backend, server }: Session) => (server === null ? (backend ?? '–') : `${backend}/${server}`),
          },
        ]
      : []),
    { title: 'Age', isNumber: true, cell: ({ ageMs }) => formatAge(ageMs) },
    { title: 'In', isNumber: true, isMinor: true, cell: ({ bytesIn }) => formatBytes(bytesIn) },
    { title: 'Out', isNumber: true, isMinor: true, cell: ({ bytesOut }) => formatBytes(bytesOut) },
    ...(api.may('endSessions')
      ? [
          {
            title: 'Actions',
            isUntitled: true,
            isLine: true,
            cell: (session: Session) => (
              <div class="actions">
                <button
                  type="button"
                  class="small"
                  aria-label={`End ${session.method} ${session.path} of ${session.client}`}
                  onClick={() => void end(session)}
                >
                  End
                </button>
              </div>
            ),
          },
        ]
      : []),
  ];
  return (
    <DataTable
      isStacked
      caption={caption}
      rows={sessions}
      keyOf={({ id }) => id}
      empty="Nothing is open."
      columns={columns}
    />
  );
}
