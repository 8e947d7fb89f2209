/**
 * What health checks cost: many servers checked by one gateway, and the processor time of its process over some intervals.
 *
 *     node test/bench/health.ts [--servers 10000] [--interval 10] [--seconds 30] [--check 'tcp']
 *
 * All servers are one process that listens on one port of all loopback addresses: 127.0.0.0 to 127.0.255.255 are 65,536 servers. It
 * is a process of its own, so that only the gateway's time is counted. No requests are sent. HAProxy makes the same checks in turn, where
 * it is installed. Benchmark code.
 */
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createGateway } from 'sluice';
import { freePort, isInstalled, Program, temporaryFolder } from '../kit/program.ts';
import { eventually } from '../kit/waiting.ts';
import { cpuSeconds } from './usage.ts';

const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok';

if (process.argv[2] === 'servers') {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end(ANSWER));
  });
  server.listen({ port: 0, host: '0.0.0.0', backlog: 4096 }, () =>
    console.log(`listening on ${(server.address() as { port: number }).port}`),
  );
} else {
  await measure();
}

interface Case {
  readonly check: string;
  readonly addresses: readonly string[];
  readonly intervalMs: number;
  readonly seconds: number;
}

async function measure(): Promise<void> {
  const { values } = parseArgs({
    options: {
      servers: { type: 'string', default: '10000' },
      interval: { type: 'string', default: '10' },
      seconds: { type: 'string', default: '30' },
      check: { type: 'string', multiple: true, default: ['tcp', 'GET /healthz'] },
    },
  });
  const [count, interval, seconds] = [values.servers, values.interval, values.seconds].map(Number) as [
    number,
    number,
    number,
  ];
  const servers = new Program(process.execPath, [import.meta.filename, 'servers']);
  const port = Number((await servers.printed(/listening on (\d+)/))[1]);
  const addresses = Array.from({ length: count }, (_, at) => `127.0.${at >> 8}.${at & 255}:${port}`);
  console.log(`${count} servers, every ${interval} s, over ${seconds} s\n`);
  console.log('| check | by | of a core | CPU µs per probe | not passed |\n|---|---|---:|---:|---:|');
  for (const check of values.check) {
    const one: Case = { check, addresses, intervalMs: 1000 * interval, seconds };
    await bySluice(one);
    if (isInstalled('haproxy')) await byHaproxy(one);
  }
  await servers.stop();
}

async function bySluice(one: Case): Promise<void> {
  const { check, addresses, intervalMs } = one;
  const rules = `listener web on 127.0.0.1:0 { otherwise send to app }
backend app {
${addresses.map((address, at) => `server s${at} ${address}`).join('\n')}
check ${check} every ${intervalMs}ms timeout 5s
}`;
  const gateway = await createGateway({ rules, threads: 0, logger: false });
  await gateway.start();
  const states = () => gateway.stats().backends[0]!.servers;
  const known = () => states().every(({ lastCheck }) => lastCheck !== 'unknown');
  await eventually('a first probe of every server', known, 2 * intervalMs + 20_000);
  await report('Sluice', one, ownSeconds, () => states().filter(({ lastCheck }) => lastCheck !== 'passed').length);
  await gateway.stop({ deadline: 0 });
}

async function byHaproxy(one: Case): Promise<void> {
  const { check, addresses, intervalMs } = one;
  const file = join(temporaryFolder(), 'haproxy.cfg');
  const kind = check === 'tcp' ? '' : `  option httpchk ${check}\n`;
  writeFileSync(
    file,
    `global
  nbthread 1
  maxconn 1000
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
  timeout check 5s
frontend web
  bind 127.0.0.1:${await freePort()}
  default_backend app
backend app
${kind}${addresses.map((address, at) => `  server s${at} ${address} check inter ${intervalMs}ms`).join('\n')}
`,
  );
  const program = new Program('/usr/sbin/haproxy', ['-db', '-f', file]);
  // It spreads its first checks over an interval.
  await new Promise((resolve) => setTimeout(resolve, intervalMs + 2000));
  await report(
    'HAProxy',
    one,
    () => cpuSeconds(program.pid),
    () => (program.output.match(/ is DOWN/g) ?? []).length,
  );
  await program.stop();
}

/** ownSeconds is this process's time alone: the servers are a child of it, and not to be counted. */
function ownSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

async function report(
  by: string,
  { check, addresses, intervalMs, seconds }: Case,
  cpu: () => number,
  failed: () => number,
): Promise<void> {
  const before = cpu();
  const begun = performance.now();
  await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
  const used = cpu() - before;
  const took = (performance.now() - begun) / 1000;
  const probes = (addresses.length * took * 1000) / intervalMs;
  const share = `${((100 * used) / took).toFixed(1)} %`;
  console.log(`| \`check ${check}\` | ${by} | ${share} | ${((1e6 * used) / probes).toFixed(0)} | ${failed()} |`);
}
