/**
 * ServerActions: drain, maint, ready, and the numbers of one server. Browser.
 */
import type { BodyOf } from '@sluice/core/admin';
import { useState } from 'preact/hooks';
import type { Server } from '../connection/feed.ts';
import { announce, announceFailure } from '../parts/announce.tsx';
import { FormDialog } from '../parts/dialog.tsx';
import { useFeed } from '../parts/use-feed.ts';
import { SessionsDialog } from './sessions.tsx';

type Change = BodyOf<'changeServer'>;
type Question = 'drain' | 'maint' | 'limits' | 'sessions';

export function ServerActions({ server }: { readonly server: Server }) {
  const feed = useFeed();
  const [question, setQuestion] = useState<Question | null>(null);
  const path = `${server.backend}/${server.name}`;
  const mayChange = feed.api.may('changeServer');
  const close = (): void => setQuestion(null);
  const change = async (body: Change, done: string): Promise<void> => {
    close();
    try {
      await feed.api.call('changeServer', { params: { backend: server.backend, server: server.name }, body });
      announce(`${path} ${done}`);
    } catch (thrown) {
      announceFailure(`${path} was not changed: ${(thrown as Error).message}`);
    }
    await feed.refresh();
  };
  const button = (text: string, label: string, act: () => void) => (
    <button type="button" class="small" aria-label={`${label} ${path}`} onClick={act}>
      {text}
    </button>
  );
  return (
    <div class="actions">
      {mayChange &&
        server.admin !== 'ready' &&
        button('Ready', 'Set to ready:', () => void change({ admin: 'ready' }, 'is ready'))}
      {mayChange && server.admin !== 'drain' && button('Drain', 'Drain', () => setQuestion('drain'))}
      {mayChange && server.admin !== 'maint' && button('Maint', 'Set to maint:', () => setQuestion('maint'))}
      {mayChange && button('Weight', 'Weight and limit of', () => setQuestion('limits'))}
      {feed.api.may('listSessions') && button('Sessions', 'Sessions on', () => setQuestion('sessions'))}
      {question === 'drain' && <DrainDialog path={path} onClose={close} onChange={change} />}
      {question === 'maint' && <MaintDialog path={path} onClose={close} onChange={change} />}
      {question === 'limits' && <LimitsDialog path={path} server={server} onClose={close} onChange={change} />}
      {question === 'sessions' && <SessionsDialog server={server} onClose={close} />}
    </div>
  );
}

interface ChangeDialogProps {
  readonly path: string;
  readonly onClose: () => void;
  readonly onChange: (body: Change, done: string) => Promise<void>;
}

function DrainDialog({ path, onClose, onChange }: ChangeDialogProps) {
  const [deadline, setDeadline] = useState('');
  const [isCut, setCut] = useState(false);
  const submit = (): void => {
    const written = deadline.trim();
    void onChange(
      { admin: 'drain', ...(written === '' ? {} : { deadline: written, ...(isCut ? { close: true } : {}) }) },
      written === '' ? 'is draining' : `is draining, for ${written} at most`,
    );
  };
  return (
    <FormDialog title={`Drain ${path}`} action="Drain" onSubmit={submit} onClose={onClose}>
      <p>It gets no new clients, and keeps those that belong to it.</p>
      <label class="field">
        Deadline
        <input
          value={deadline}
          placeholder="none"
          pattern="\d{1,9}(\.\d{1,3})?(ms|s|m|h)"
          title="A time such as 30s, 10m or 1h"
          onInput={(event) => setDeadline(event.currentTarget.value)}
        />
        <span class="hint">such as 10m; then it is set to maint</span>
      </label>
      <label class="inline">
        <input
          type="checkbox"
          checked={isCut}
          disabled={deadline.trim() === ''}
          onChange={(event) => setCut(event.currentTarget.checked)}
        />
        close what is still open at the deadline
      </label>
    </FormDialog>
  );
}

function MaintDialog({ path, onClose, onChange }: ChangeDialogProps) {
  const [isCut, setCut] = useState(false);
  const submit = (): void => void onChange({ admin: 'maint', ...(isCut ? { close: true } : {}) }, 'is in maint');
  return (
    <FormDialog title={`Set ${path} to maint`} action="Set to maint" onSubmit={submit} onClose={onClose}>
      <p>It gets nothing more. Clients that belong to it go to other servers.</p>
      <label class="inline">
        <input type="checkbox" checked={isCut} onChange={(event) => setCut(event.currentTarget.checked)} />
        close what is open at once
      </label>
    </FormDialog>
  );
}

function LimitsDialog({ path, server, onClose, onChange }: ChangeDialogProps & { readonly server: Server }) {
  const [weight, setWeight] = useState(server.weight);
  const [max, setMax] = useState(server.max);
  const submit = (): void =>
    void onChange(
      { weight, max },
      `has weight ${weight} and ${max === 0 ? 'no limit' : `takes ${max} requests at once`}`,
    );
  return (
    <FormDialog title={`Weight and limit of ${path}`} action="Set" onSubmit={submit} onClose={onClose}>
      <label class="field">
        Weight
        <input
          type="number"
          min={0}
          max={256}
          required
          value={weight}
          onInput={(event) => setWeight(event.currentTarget.valueAsNumber)}
        />
        <span class="hint">0 to 256; 0: no new requests</span>
      </label>
      <label class="field">
        Max
        <input
          type="number"
          min={0}
          max={1_000_000}
          required
          value={max}
          onInput={(event) => setMax(event.currentTarget.valueAsNumber)}
        />
        <span class="hint">requests at once; 0: no limit</span>
      </label>
    </FormDialog>
  );
}
