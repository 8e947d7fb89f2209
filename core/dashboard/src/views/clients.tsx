/**
 * ClientsView: to which server a client belongs, why, and since when. Browser.
 */
import type { AnswerOf } from '@sluice/core/admin';
import { useState } from 'preact/hooks';
import { formatAge, formatCount } from '../measure/format.ts';
import { DataTable } from '../parts/table.tsx';
import { useFeed, usePicture } from '../parts/use-feed.ts';
import { linesOf } from './explain.tsx';

type Sticky = AnswerOf<'findSticky'>;

export function ClientsView() {
  const { api } = useFeed();
  const { stats } = usePicture();
  const sticky = stats.backends.filter((backend) => backend.sticky !== null);
  const [chosen, setChosen] = useState('');
  const [ip, setIp] = useState('');
  const [fields, setFields] = useState('');
  const [found, setFound] = useState<Sticky | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const backend = sticky.some(({ name }) => name === chosen) ? chosen : (sticky[0]?.name ?? '');
  const ask = async (event: Event): Promise<void> => {
    event.preventDefault();
    const headers = linesOf(fields);
    const body = { ...(ip.trim() === '' ? {} : { ip: ip.trim() }), ...(headers.length === 0 ? {} : { headers }) };
    try {
      setFound(await api.call('findSticky', { params: { backend }, body }));
      setProblem(null);
    } catch (thrown) {
      setFound(null);
      setProblem((thrown as Error).message);
    }
  };
  if (sticky.length === 0) return <p class="empty">No backend has a `stick` line, so clients belong to no server.</p>;
  return (
    <>
      <section aria-labelledby="client-title">
        <div class="section-head">
          <h2 id="client-title">Find a client’s server</h2>
          <span class="muted">asking changes nothing</span>
        </div>
        <form class="card form" onSubmit={(event) => void ask(event)}>
          <div class="form-row">
            <label class="field">
              Backend
              <select value={backend} onChange={(event) => setChosen(event.currentTarget.value)}>
                {sticky.map(({ name, sticky: stick }) => (
                  <option value={name} key={name}>
                    {name}, stick {stick!.kind}
                  </option>
                ))}
              </select>
            </label>
            <label class="field">
              Client address
              <input
                class="code"
                spellcheck={false}
                placeholder="127.0.0.1"
                value={ip}
                onInput={(event) => setIp(event.currentTarget.value)}
              />
            </label>
            <label class="field wide">
              Header fields, one a line
              <textarea
                class="code"
                rows={1}
                spellcheck={false}
                placeholder="Cookie: sid=8f14e45f"
                value={fields}
                onInput={(event) => setFields(event.currentTarget.value)}
              />
            </label>
          </div>
          <div>
            <button type="submit" class="primary">
              Find
            </button>
          </div>
        </form>
        <div aria-live="polite">
          {problem !== null && <p class="banner bad">{problem}</p>}
          {found !== null && <Found found={found} />}
        </div>
      </section>
      <section aria-labelledby="tables-title">
        <div class="section-head">
          <h2 id="tables-title">Stick tables</h2>
        </div>
        <DataTable
          caption="Stick tables"
          rows={sticky}
          keyOf={({ name }) => name}
          empty=""
          columns={[
            { title: 'Backend', cell: ({ name }) => name },
            { title: 'By', cell: ({ sticky: stick }) => stick!.kind },
            {
              title: 'Clients known',
              isNumber: true,
              cell: ({ sticky: stick }) => (stick!.size === 0 ? 'no table' : formatCount(stick!.entries)),
            },
            {
              title: 'Room for',
              isNumber: true,
              cell: ({ sticky: stick }) => (stick!.size === 0 ? '–' : formatCount(stick!.size)),
            },
          ]}
        />
      </section>
    </>
  );
}

function Found({ found }: { readonly found: Sticky }) {
  const { server, outcome, why, by, sinceMs, expiresInMs, ownCookie } = found;
  const tone = outcome === 'stays' ? 'ok' : outcome === 'new' ? 'idle' : 'warn';
  return (
    <div class={`banner ${tone}`}>
      <b>{server === null ? 'It belongs to no server yet' : `It belongs to ${server}`}</b>
      <p>
        {outcome}: {why}
      </p>
      <p>
        known {by}
        {sinceMs === null ? '' : `, for ${formatAge(sinceMs)}`}
        {expiresInMs === null ? '' : `, forgotten in ${formatAge(expiresInMs)} if it does not come again`}
        {ownCookie === null ? '' : `; the gateway’s own cookie is ${ownCookie}`}
      </p>
    </div>
  );
}
