/** Two gateways in a cloud, as in examples/high-availability/cloud: whoever is to have the address asks the provider's API for it. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { eventually, type Program } from '../../kit/index.ts';
import { GATEWAYS, type GatewayName, LONG_MS, Pair, SLUICE, skipUnlessPair } from './pair.ts';

const needed = skipUnlessPair('keepalived');
const pair = needed.skip === undefined ? new Pair() : null!;

after(() => pair?.[Symbol.asyncDispose]());

function startKeepalived(name: GatewayName): Program {
  const file = (ending: string): string => join(pair.folder(name), ending);
  const script = pair.write(name, 'cloud/take-address.sh');
  const environment = {
    SCW_SECRET_KEY: 'the-key',
    ZONE: 'fr-par-1',
    IP_ID: 'the-ip',
    SERVER_ID: name,
    API: 'http://10.77.0.21:9003',
    RUN: pair.folder(name),
  };
  writeFileSync(
    file('cloud.env'),
    Object.entries(environment)
      .map(([key, value]) => `${key}=${value}\n`)
      .join(''),
  );
  pair.write(name, 'cloud/keepalived.conf', [
    ['/etc/keepalived/is-ready.sh', `${file('is-ready.sh')} ${pair.adminSocket(name)}`],
    ['/etc/keepalived/take-address.sh', script],
    ['script_user sluice', 'script_user root'],
  ]);
  const args = ['--dont-fork', '--log-console', `--config-id=${name}`, `--use-file=${file('cloud/keepalived.conf')}`];
  const pids = [`--pid=${file('keepalived.pid')}`, `--vrrp_pid=${file('vrrp.pid')}`];
  return pair.network.start(name, 'keepalived', [...args, ...pids], { env: { CLOUD_ENV: file('cloud.env') } });
}

test('the gateway that takes over asks the provider for the address, and again when that fails', needed, async () => {
  await pair.start();
  const log = join(pair.folder('edge1'), 'provider.log');
  // The provider refuses the first call, as happens while the address is being moved.
  pair.network.start('servers', process.execPath, [join(import.meta.dirname, 'provider.ts'), '9003', log, '1']);
  writeFileSync(log, '');
  const calls = (): { method: string; url: string; token: string; body: unknown; status: number }[] =>
    readFileSync(log, 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  const programs = new Map(GATEWAYS.map((name) => [name, startKeepalived(name)]));

  await eventually('the provider to have agreed', () => calls().at(-1)?.status === 200, LONG_MS);
  assert.deepEqual(
    calls().map(({ status }) => status),
    [500, 200],
  );
  const [{ status: _, ...call }] = calls() as [ReturnType<typeof calls>[number]];
  const first = (call.body as { server: GatewayName }).server;
  assert.deepEqual(call, {
    method: 'PATCH',
    url: '/instance/v1/zones/fr-par-1/ips/the-ip',
    token: 'the-key',
    body: { server: first },
  });
  const second = GATEWAYS.find((name) => name !== first)!;
  await programs.get(second)!.printed(/Entering BACKUP STATE/, LONG_MS);
  pair.network.signal(first, SLUICE, 'SIGKILL');
  await eventually(
    'the other one to have the address',
    () => calls().at(-1)?.status === 200 && calls().length === 3,
    LONG_MS,
  );
  assert.deepEqual(calls().at(-1)!.body, { server: second });
});
