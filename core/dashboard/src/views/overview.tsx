/**
 * OverviewView: how the gateway is doing, at a glance. Browser.
 */
import { useState } from 'preact/hooks';
import { formatCount, formatMs, formatRate } from '../measure/format.ts';
import { ALL, type Point } from '../measure/history.ts';
import { isTaking } from '../parts/badge.tsx';
import { PlotFigure } from '../parts/plot.tsx';
import { useFeed, usePicture } from '../parts/use-feed.ts';
import { Topology } from './topology.tsx';

export function OverviewView() {
  return (
    <>
      <KeyFigures />
      <Plots />
      <Topology />
    </>
  );
}

function KeyFigures() {
  const { stats } = usePicture();
  const last = useFeed().history.points(ALL).at(-1);
  const servers = stats.backends.flatMap((backend) => backend.servers);
  const taking = servers.filter(isTaking).length;
  const open = stats.listeners.reduce((sum, { openConnections }) => sum + openConnections, 0);
  const active = stats.backends.reduce((sum, backend) => sum + backend.open, 0);
  const waiting = stats.backends.reduce((sum, backend) => sum + backend.waiting, 0);
  const errorShare = last?.requests ? (100 * (last.serverErrors ?? 0)) / last.requests : 0;
  return (
    <dl class="figures">
      <Figure title="Requests" value={formatRate(last?.requests ?? null)} unit="/s" />
      <Figure
        title="Server errors"
        value={last === undefined ? '–' : errorShare.toFixed(errorShare > 0 && errorShare < 10 ? 1 : 0)}
        unit="%"
        isBad={errorShare >= 1}
      />
      <Figure title="p99 latency" value={formatMs(last?.p99Ms ?? null)} />
      <Figure
        title="Servers taking requests"
        value={`${taking}`}
        unit={` of ${servers.length}`}
        isBad={taking < servers.length}
      />
      <Figure
        title="Open requests"
        value={formatCount(active)}
        unit={waiting > 0 ? ` + ${formatCount(waiting)} waiting` : ''}
      />
      <Figure title="Client connections" value={formatCount(open)} />
    </dl>
  );
}

interface FigureProps {
  readonly title: string;
  readonly value: string;
  readonly unit?: string;
  readonly isBad?: boolean;
}

function Figure({ title, value, unit = '', isBad = false }: FigureProps) {
  return (
    <div class={isBad ? 'figure bad' : 'figure'}>
      <dt>{title}</dt>
      <dd>
        {value}
        <small>{unit}</small>
      </dd>
    </div>
  );
}

function Plots() {
  const { stats } = usePicture();
  const { history } = useFeed();
  const [chosen, setChosen] = useState(ALL);
  const scopes = [
    ...stats.listeners.map(({ name }) => `listener ${name}`),
    ...stats.backends.map(({ name }) => `backend ${name}`),
  ];
  const scope = scopes.includes(chosen) ? chosen : ALL;
  const points = history.points(scope);
  const times = points.map(({ atMs }) => atMs);
  const values = (key: keyof Point): readonly (number | null)[] => points.map((point) => point[key]);
  const perSecond = (value: number | null): string => `${formatRate(value)}/s`;
  const isListener = scope.startsWith('listener ');
  const isBackend = scope.startsWith('backend ');
  return (
    <section aria-labelledby="plots-title">
      <div class="section-head">
        <h2 id="plots-title">Traffic</h2>
        <label class="inline">
          of{' '}
          <select value={scope} onChange={(event) => setChosen(event.currentTarget.value)}>
            <option value={ALL}>the whole gateway</option>
            {scopes.map((each) => (
              <option value={each} key={each}>
                {each}
              </option>
            ))}
          </select>
        </label>
        <span class="muted">last ten minutes</span>
      </div>
      <div class="plots">
        <PlotFigure
          title="Requests"
          times={times}
          lines={[{ label: 'requests', color: '--line-1', values: values('requests') }]}
          format={perSecond}
        />
        <PlotFigure
          title="Errors"
          times={times}
          lines={[
            { label: isBackend ? 'failures' : '5xx', color: '--line-bad', values: values('serverErrors') },
            ...(isBackend ? [] : [{ label: '4xx', color: '--line-warn', values: values('clientErrors') }]),
          ]}
          format={perSecond}
        />
        <PlotFigure
          title="Latency"
          times={times}
          lines={[
            { label: 'p50', color: '--line-1', values: values('p50Ms') },
            { label: 'p99', color: '--line-2', values: values('p99Ms') },
          ]}
          format={formatMs}
          {...(isListener ? { absent: 'Latency is measured for each backend: choose one.' } : {})}
        />
      </div>
    </section>
  );
}
