/**
 * SessionsDialog: who holds on to a server, oldest first. Browser.
 */
import type { AnswerOf } from '@sluice/core/admin';
import { useEffect, useState } from 'preact/hooks';
import type { Server } from '../connection/feed.ts';
import { formatAge, formatBytes } from '../measure/format.ts';
import { FormDialog } from '../parts/dialog.tsx';
import { DataTable } from '../parts/table.tsx';
import { useFeed } from '../parts/use-feed.ts';

type Sessions = AnswerOf<'listSessions'>;

interface SessionsProps {
  readonly server: Server;
  readonly onClose: () => void;
}

export function SessionsDialog({ server: { backend, name }, onClose }: SessionsProps) {
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
    <FormDialog title={`Sessions on ${backend}/${name}`} action={null} onClose={onClose}>
      {problem !== null && <p class="problem">{problem}</p>}
      {sessions !== null && (
        <>
          <p>
            {sessions.open} open, {sessions.returning} clients known that may come back
          </p>
          <DataTable
            caption={`Open requests and tunnels on ${backend}/${name}`}
            rows={sessions.sessions}
            keyOf={({ client, ageMs, thread, path }) => `${client} ${thread} ${path} ${Math.round(ageMs / 1000)}`}
            empty="Nothing is open."
            columns={[
              { title: 'Client', cell: ({ client, isSticky }) => (isSticky ? `${client}, sticky` : client) },
              { title: 'Kind', cell: ({ kind }) => kind },
              { title: 'Request', cell: ({ method, path }) => `${method} ${path}` },
              { title: 'Age', isNumber: true, cell: ({ ageMs }) => formatAge(ageMs) },
              { title: 'In', isNumber: true, cell: ({ bytesIn }) => formatBytes(bytesIn) },
              { title: 'Out', isNumber: true, cell: ({ bytesOut }) => formatBytes(bytesOut) },
            ]}
          />
        </>
      )}
    </FormDialog>
  );
}
