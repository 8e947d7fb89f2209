/**
 * Plots: the figures of docs/simulation.md, each from a simulation with a seed of its own.
 */
import { type SimulationResult, simulate } from 'sluice/simulation';
import { chart, type Line, type Mark, type Panel } from './chart.ts';
import { path, pool } from './pool.ts';

/** Plots come with their paths below docs/. */
export const plots: Readonly<Record<string, () => Promise<string>>> = {
  'images/recovery.svg': recovery,
  'images/slow-server.svg': slowServer,
  'images/slow-start.svg': slowStart,
  'images/spread.svg': spreadOfLoad,
};

const STRATEGIES = ['round-robin', 'least-connections', 'random', 'least-response-time', 'consistent-hash by ip'];

/** lines are the loads of all servers, with those of some in colour. */
function lines(result: SimulationResult, load: 'open' | 'started', main: Readonly<Record<string, string>>): Line[] {
  return result.servers.map((server) => {
    const name = main[server.path];
    return { name: name ?? '', isMain: name !== undefined, values: server[load] };
  });
}

async function recovery(): Promise<string> {
  const panels: Panel[] = [];
  for (const balance of STRATEGIES) {
    const result = await simulate({
      rules: pool(
        10,
        `balance ${balance}\ncheck GET /healthz every 2s timeout 1s fall 3 rise 2\nslow start 15s\ntimeout response 2s`,
      ),
      clients: { rate: 500, count: 5000 },
      servers: { service: { lognormal: '20ms' }, workers: 16 },
      script: [
        { at: '10s', server: path(3), is: 'hung' },
        { at: '40s', server: path(3), is: 'well' },
      ],
      for: '80s',
    });
    panels.push({ title: balance, lines: lines(result, 'started', { [path(3)]: 'the server that hangs' }) });
  }
  const marks: Mark[] = [
    { at: 10, text: 'it hangs' },
    { at: 40, text: 'it is well again' },
  ];
  const title = 'One server of ten hangs and comes back, by strategy';
  return chart({ title, unit: 'requests a second at each server', panels, marks, most: 100, labelEvery: 10 });
}

async function slowServer(): Promise<string> {
  const panels: Panel[] = [];
  for (const balance of STRATEGIES) {
    const result = await simulate({
      rules: pool(10, `balance ${balance}`),
      clients: { rate: 500, count: 5000 },
      servers: { service: { lognormal: '20ms' }, workers: 4 },
      script: [
        { at: '15s', server: path(3), slow: 5 },
        { at: '45s', server: path(3), slow: 1 },
      ],
      for: '80s',
    });
    panels.push({ title: balance, lines: lines(result, 'open', { [path(3)]: 'the server that is slow' }) });
  }
  const marks: Mark[] = [
    { at: 15, text: 'five times as slow' },
    { at: 45, text: 'as fast as before' },
  ];
  const title = 'One server of ten is five times as slow, by strategy';
  return chart({
    title,
    unit: 'open requests on each server; what is above 60 is cut off',
    panels,
    marks,
    most: 60,
    labelEvery: 10,
  });
}

async function slowStart(): Promise<string> {
  const panels: Panel[] = [];
  for (const balance of ['round-robin', 'least-connections']) {
    for (const words of ['', 'slow start 20s']) {
      const result = await simulate({
        rules: pool(10, `balance ${balance}\ncheck tcp every 1s timeout 500ms\n${words}`),
        clients: { rate: 500 },
        servers: { service: { exponential: '200ms' } },
        script: [
          { at: '10s', server: path(3), is: 'refusing' },
          { at: '30s', server: path(3), is: 'well' },
        ],
        for: '70s',
      });
      const title = `${balance}, ${words === '' ? 'without slow start' : words}`;
      panels.push({ title, lines: lines(result, 'started', { [path(3)]: 'the server that dies' }) });
    }
  }
  const marks: Mark[] = [
    { at: 10, text: 'it dies' },
    { at: 30, text: 'it is there again' },
  ];
  const title = 'A server comes back, with slow start and without';
  return chart({ title, unit: 'requests a second at each server', panels, marks, most: 100, labelEvery: 10 });
}

async function spreadOfLoad(): Promise<string> {
  const panels: Panel[] = [];
  for (const balance of [...STRATEGIES, 'consistent-hash by ip load at most 125%']) {
    const result = await simulate({
      rules: pool(1000, `balance ${balance}`),
      clients: { rate: 5000, count: 20_000 },
      servers: { service: { exponential: '1s' } },
      step: '500ms',
      for: '10s',
    });
    const seconds = result.servers[0]!.open.map((_, step) => step).filter((step) => step % 2 === 1);
    const sorted = seconds.map((step) =>
      result.servers.map(({ open }) => open[step]!).sort((one, other) => one - other),
    );
    const at = (place: number): number[] => sorted.map((loads) => loads[place]!);
    panels.push({
      title: balance,
      lines: [
        { name: 'the busiest', isMain: true, values: at(999) },
        { name: 'the median', isMain: true, values: at(500) },
        { name: '', isMain: false, values: at(0) },
        { name: '', isMain: false, values: at(50) },
        { name: '', isMain: false, values: at(950) },
      ],
    });
  }
  const title = '1,000 servers, 5,000 requests a second: how far apart they are';
  const unit = 'open requests on a server; grey: the least busy, the first 5% and the last 5%';
  return chart({ title, unit, panels, marks: [], most: 30, labelEvery: 1 });
}
