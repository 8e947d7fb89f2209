/** Listeners on an address that this machine does not have at the moment, because another one has it. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../kit/index.ts';
import { Network } from './network.ts';
import { LONG_MS, skipUnlessPair } from './pair.ts';

const needed = skipUnlessPair();
const COMMAND = join(import.meta.dirname, '../../../cli/bin/sluice.js');

test('a listener on a shared address opens before the address is there, if the system allows it', needed, async () => {
  await using network = new Network();
  network.add('edge', '10.77.0.11');
  network.add('client', '10.77.0.50');
  const file = join(temporaryFolder(), 'gateway.sluice');
  writeFileSync(file, 'listener web on 10.77.0.100:80 {\n  otherwise redirect 302 to "/here"\n}\n');
  const refused = network.start('edge', process.execPath, [COMMAND, 'run', file]);
  assert.equal((await refused.exited).code, 1);
  assert.match(
    refused.output,
    /address 10\.77\.0\.100:80 does not belong to this machine: .*if two machines share it, set the sysctl net\.ipv4\.ip_nonlocal_bind=1$/m,
  );
  network.run('edge', 'sysctl', '-q', '-w', 'net.ipv4.ip_nonlocal_bind=1');
  const program = network.start('edge', process.execPath, [COMMAND, 'run', file]);
  await program.printed(/"msg":"ready/, LONG_MS);
  network.run('edge', 'ip', 'address', 'add', '10.77.0.100/24', 'dev', 'eth0');
  assert.equal(
    network.run('client', 'curl', '-s', '-o', '/dev/null', '-w', '%{http_code}', 'http://10.77.0.100/'),
    '302',
  );
});

test('a client that knows two addresses uses the other one when nothing listens on the first', needed, async () => {
  await using network = new Network();
  network.add('edge1', '10.77.0.11');
  network.add('edge2', '10.77.0.12');
  network.add('client', '10.77.0.50');
  const file = join(temporaryFolder(), 'gateway.sluice');
  writeFileSync(file, 'listener web on :80 {\n  otherwise redirect 302 to "/here"\n}\n');
  await network.start('edge2', process.execPath, [COMMAND, 'run', file]).printed(/"msg":"ready/, LONG_MS);
  const both = ['--resolve', 'shop.test:80:10.77.0.11,10.77.0.12', '--connect-timeout', '4'];
  const ask = (): string =>
    network.run('client', 'curl', ...both, '-s', '-o', '/dev/null', '-w', '%{http_code}', 'http://shop.test/');
  assert.equal(ask(), '302');
  network.plug('edge1', false);
  assert.equal(ask(), '302');
});
