/**
 * Topology: listeners, the backends that they send to, and the servers of those, as they are now. Browser.
 *
 * The lines between listeners and backends only repeat what the listeners' cards say in words, so screen readers and narrow screens do
 * without them.
 */
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Backend, Listener, Server } from '../connection/feed.ts';
import { formatAddress, formatRate } from '../measure/format.ts';
import { Badge, isTaking, serverState, type Tone } from '../parts/badge.tsx';
import { useFeed, usePicture } from '../parts/use-feed.ts';

/** So many backends, and servers of each, are drawn; the list of servers has all. */
const MOST_BACKENDS = 24;
const MOST_SERVERS = 12;

export function Topology() {
  const { stats } = usePicture();
  const all = stats.backends;
  // Those in trouble first where not all are shown.
  const shown =
    all.length <= MOST_BACKENDS ? all : [...all].sort((a, b) => troubleOf(b) - troubleOf(a)).slice(0, MOST_BACKENDS);
  const edges = stats.listeners.flatMap(({ name, backends }) =>
    backends.filter((to) => shown.some((backend) => backend.name === to)).map((to) => [name, to] as const),
  );
  return (
    <section aria-labelledby="topology-title">
      <div class="section-head">
        <h2 id="topology-title">Topology</h2>
        {shown.length < all.length && (
          <span class="muted">
            {shown.length} of {all.length} backends, <a href="#/servers">all servers</a>
          </span>
        )}
      </div>
      <div class="topology">
        <ul class="listeners" aria-label="Listeners">
          {stats.listeners.map((listener) => (
            <ListenerCard listener={listener} key={listener.name} />
          ))}
        </ul>
        <Edges edges={edges} />
        <ul class="backends" aria-label="Backends">
          {shown.map((backend) => (
            <BackendCard backend={backend} key={backend.name} />
          ))}
        </ul>
      </div>
    </section>
  );
}

function troubleOf({ servers, circuit, fallsBackTo }: Backend): number {
  const down = servers.filter((server) => !isTaking(server)).length;
  return down + (circuit === 'open' ? 1000 : 0) + (fallsBackTo === null ? 0 : 1000);
}

function ListenerCard({
  listener: { name, address, otherAddresses, backends, openConnections },
}: {
  readonly listener: Listener;
}) {
  const rate = useFeed().history.points(`listener ${name}`).at(-1)?.requests ?? null;
  return (
    <li class="card node" data-listener={name}>
      <div class="node-head">
        <b>{name}</b>
        <span class="number">{formatRate(rate)}/s</span>
      </div>
      <div class="muted">
        {[address, ...otherAddresses].map(formatAddress).join(', ')} · {openConnections} open
      </div>
      <div class="muted sends">{backends.length === 0 ? 'sends to no backend' : `sends to ${backends.join(', ')}`}</div>
    </li>
  );
}

function BackendCard({ backend }: { readonly backend: Backend }) {
  const { name, servers, circuit, fallsBackTo, open, max, waiting, sticky } = backend;
  const point = useFeed().history.points(`backend ${name}`).at(-1);
  const { tone, text } = backendState(backend);
  const shown = [...servers].sort((a, b) => Number(isTaking(a)) - Number(isTaking(b))).slice(0, MOST_SERVERS);
  const rows = servers.length <= MOST_SERVERS ? servers : shown;
  return (
    <li class="card node" data-backend={name}>
      <div class="node-head">
        <b>
          <a href={`#/servers/${encodeURIComponent(name)}`}>{name}</a>
        </b>
        <Badge tone={tone} text={text} />
        <span class="number">{formatRate(point?.requests ?? null)}/s</span>
      </div>
      <div class="muted">
        {max > 0 ? `${open} of ${max} open` : `${open} open`}
        {waiting > 0 ? ` · ${waiting} waiting` : ''}
        {sticky === null ? '' : ` · stick ${sticky.kind}`}
        {circuit === null ? '' : ` · circuit ${circuit}`}
        {fallsBackTo === null ? '' : ` · falls back to ${fallsBackTo}`}
      </div>
      {rows.length > 0 && (
        <ul class="members" aria-label={`Servers of ${name}`}>
          {rows.map((server) => (
            <Member server={server} key={server.name} />
          ))}
          {rows.length < servers.length && (
            <li>
              <a href={`#/servers/${encodeURIComponent(name)}`}>and {servers.length - rows.length} more</a>
            </li>
          )}
        </ul>
      )}
    </li>
  );
}

function backendState({ servers, circuit, fallsBackTo, counters }: Backend): {
  readonly tone: Tone;
  readonly text: string;
} {
  if (circuit === 'open') return { tone: 'bad', text: 'circuit open' };
  if (fallsBackTo !== null) return { tone: 'warn', text: 'falls back' };
  if (servers.length === 0) {
    return counters.served > 0 ? { tone: 'ok', text: 'serves files' } : { tone: 'idle', text: 'no servers' };
  }
  const up = servers.filter(isTaking).length;
  const text = `${up} of ${servers.length} up`;
  return { tone: up === servers.length ? 'ok' : up === 0 ? 'bad' : 'warn', text };
}

function Member({ server }: { readonly server: Server }) {
  const rate = useFeed().history.serverRate(`${server.backend}/${server.name}`);
  const { tone, text } = serverState(server);
  return (
    <li class={`member ${tone}`} title={server.reason}>
      <i class={`dot ${tone}`} aria-hidden="true" />
      <span class="member-name">{server.name}</span>
      <span class={tone === 'ok' ? 'unseen' : 'member-state'}>
        {server.isBackup && tone === 'ok' ? 'backup' : text}
      </span>
      <span class="number muted">{formatRate(rate?.requests ?? null)}/s</span>
    </li>
  );
}

interface Curve {
  readonly key: string;
  readonly path: string;
}

/** Measured after each drawing, as the cards have to be there first. */
function Edges({ edges }: { readonly edges: readonly (readonly [listener: string, backend: string])[] }) {
  const holder = useRef<SVGSVGElement>(null);
  const [curves, setCurves] = useState<readonly Curve[]>([]);
  const [size, setSize] = useState(0);
  const wanted = edges.map((edge) => edge.join(' ')).join('\n');
  useLayoutEffect(() => {
    const parent = holder.current!.parentElement!;
    const watch = new ResizeObserver(() => setSize(parent.clientWidth * 10_000 + parent.clientHeight));
    watch.observe(parent);
    return () => watch.disconnect();
  }, []);
  useLayoutEffect(() => {
    const svg = holder.current!;
    const { left, top, width } = svg.getBoundingClientRect();
    const heightOf = (attribute: string, name: string): number => {
      const card = svg.parentElement!.querySelector(`[${attribute}="${CSS.escape(name)}"]`);
      if (card === null) return 0;
      const box = card.getBoundingClientRect();
      return box.top - top + Math.min(22, box.height / 2);
    };
    setCurves(
      left === 0 && width === 0
        ? []
        : edges.map(([listener, backend]) => {
            const [from, to] = [heightOf('data-listener', listener), heightOf('data-backend', backend)];
            const half = width / 2;
            return { key: `${listener} ${backend}`, path: `M0 ${from}C${half} ${from} ${half} ${to} ${width} ${to}` };
          }),
    );
  }, [wanted, size]);
  return (
    <svg class="edges" ref={holder} aria-hidden="true">
      {curves.map(({ key, path }) => (
        <path d={path} key={key} />
      ))}
    </svg>
  );
}
