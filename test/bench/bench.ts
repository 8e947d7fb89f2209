/**
 * The benchmark: Sluice, HAProxy, nginx, Caddy and http-proxy side by side, one core each.
 *
 *     npm run bench -- pick [--rounds N] [--strategy NAME]… [--size N]…     what picking a server costs: pick.ts
 *     npm run bench -- start [--rounds N] [--peers NAME,…]                  the first answer after a start, and idle memory: start.ts
 *     npm run bench -- --compare REV [CASE]… [--rounds N] [--seconds S] [--at-least 0.98]   against another commit: compare.ts
 *     npm run bench -- [CASE]… [--case NAME]… [--rounds N] [--seconds S] [--peers haproxy,sluice] [--markdown FILE] [--json FILE]
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { isInstalled } from '../kit/index.ts';
import { IDLE_CLIENTS, LOAD_CASES } from './cases.ts';
import { compare } from './compare.ts';
import { startOrigin } from './origin.ts';
import { PEERS } from './peers/index.ts';
import { type BenchResult, caseTable, idleTable, machine, markdown } from './report.ts';
import { runCase, runIdle } from './run.ts';

if (process.argv[2] === 'pick') {
  await import('./pick.ts');
  process.exit();
}

if (process.argv[2] === 'start') {
  await import('./start.ts');
  process.exit();
}

const NAMES = [...LOAD_CASES.map(({ name }) => name), 'idle'];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    compare: { type: 'string' },
    'at-least': { type: 'string' },
    case: { type: 'string', multiple: true },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' },
    peers: { type: 'string' },
    markdown: { type: 'string' },
    json: { type: 'string' },
    quiet: { type: 'boolean', default: false },
  },
});

const namedCases = [...positionals, ...(values.case ?? [])].flatMap((names) => names.split(','));
const wantedCases = namedCases.length === 0 ? NAMES : namedCases;
const wantedPeers = values.peers?.split(',') ?? PEERS.map(({ name }) => name);
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);

function usage(problem: string): never {
  console.error(`${problem}\ncases: ${NAMES.join(', ')}\npeers: ${PEERS.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}

if (values['at-least'] !== undefined && !(Number(values['at-least']) > 0)) usage('--at-least is a ratio, such as 0.98');
for (const name of wantedCases) if (!NAMES.includes(name)) usage(`unknown case ${name}`);
for (const name of wantedPeers) if (!PEERS.some((peer) => peer.name === name)) usage(`unknown peer ${name}`);
if (!(rounds >= 1 && seconds >= 1)) usage('--rounds and --seconds are numbers from 1');
const packages = 'wrk nginx-light nghttp2-client openssl curl util-linux';
for (const tool of ['wrk', 'nginx', 'h2load', 'openssl', 'curl', 'taskset']) {
  if (!isInstalled(tool)) usage(`the benchmark needs ${tool}: apt-get install ${packages}`);
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));

if (values.compare !== undefined) {
  const atLeast = values['at-least'] === undefined ? null : Number(values['at-least']);
  const progress = values.quiet ? () => {} : (line: string) => console.error(line);
  const isRight = await compare(values.compare, { cases: namedCases, rounds, seconds, atLeast, progress }).catch(
    (thrown: unknown) => {
      console.error(thrown instanceof Error ? thrown.message : String(thrown));
      return false;
    },
  );
  process.exit(isRight ? 0 : 1);
}

const peers = PEERS.filter(({ name }) => wantedPeers.includes(name)).filter((peer) => {
  if (!peer.isPresent()) console.log(`${peer.name} is not installed and will be skipped`);
  return peer.isPresent();
});
const progress = values.quiet ? () => {} : (line: string) => console.error(line);
const options = { rounds, seconds, progress };

const origin = await startOrigin();
const cases: BenchResult['cases'][number][] = [];
let idle: BenchResult['idle'] = null;
try {
  for (const load of LOAD_CASES.filter(({ name }) => wantedCases.includes(name))) {
    const result = await runCase(load, peers, origin, options);
    cases.push(result);
    console.log(`\n${load.title} (${load.name})\n${caseTable(result)}`);
  }
  if (wantedCases.includes('idle')) {
    idle = { clients: IDLE_CLIENTS, peers: await runIdle(peers, origin, options) };
    console.log(`\n${IDLE_CLIENTS} idle clients (idle)\n${idleTable(idle.peers)}`);
  }
} finally {
  await origin.program.stop();
}

const result: BenchResult = {
  date: new Date().toISOString(),
  machine: machine(),
  command: `npm run bench -- ${process.argv.slice(2).join(' ')}`,
  versions: [...new Set(peers.map((peer) => peer.version()))],
  rounds,
  seconds,
  cases,
  idle,
};
/** save writes a file; in one that has a place for results (between two marks) only that place. */
function save(file: string | undefined, text: string): void {
  if (file === undefined) return;
  mkdirSync(dirname(file), { recursive: true });
  const old = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const from = old.indexOf('<!-- results -->\n');
  const to = old.indexOf('<!-- end of results -->');
  const hasPlace = from !== -1 && to !== -1;
  writeFileSync(file, hasPlace ? `${old.slice(0, old.indexOf('\n', from) + 1)}\n${text}\n${old.slice(to)}` : text);
}

save(values.markdown, markdown(result));
save(values.json, `${JSON.stringify(result, null, 2)}\n`);
