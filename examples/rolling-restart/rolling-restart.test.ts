import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createGateway } from 'sluice';

const HERE = new URL('./', import.meta.url);
const COMMAND = fileURLToPath(new URL('../../cli/bin/sluice.js', import.meta.url));

async function origin(name: string) {
  const server = createServer((_asked, response) => response.end(name)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

async function ask(port: number): Promise<number> {
  const outgoing = request({ host: '127.0.0.1', port, agent: false }).end();
  const [answer] = await once(outgoing, 'response');
  answer.resume();
  await once(answer, 'end');
  return answer.statusCode;
}

test('every server is taken out, found free and taken back, and every request is answered', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-rolling-'));
  const servers = await Promise.all([origin('web1'), origin('web2')]);
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  const rules = (await readFile(new URL('gateway.sluice', HERE), 'utf8'))
    .replace('9001', String(ports[0]))
    .replace('9002', String(ports[1]))
    .replace(':8080', ':0');
  const admin = `unix:${join(folder, 'admin.sock')}`;
  const gateway = await createGateway({ rules, threads: 0, logger: false, admin: { address: admin } });
  await gateway.start();
  t.after(async () => {
    await gateway.stop({ deadline: 0 });
    for (const server of servers) server.close().closeAllConnections();
    await rm(folder, { recursive: true });
  });
  const told: string[] = [];
  gateway.on('admin', ({ server, to }) => told.push(`${server} ${to}`));
  gateway.on('drained', ({ server }) => told.push(`${server} free`));

  const { port } = gateway.addresses().web as { port: number };
  const script = spawn(fileURLToPath(new URL('rolling-restart.sh', HERE)), ['app/web1', 'app/web2'], {
    env: { ...process.env, SLUICE: `${process.execPath} ${COMMAND}`, SLUICE_ADMIN: admin },
  });
  let said = '';
  script.stdout.on('data', (piece) => {
    said += piece;
  });
  const ended = once(script, 'close');
  let isOver = false;
  void ended.then(() => {
    isOver = true;
  });
  const statuses = new Set<number>();
  while (!isOver) statuses.add(await ask(port));
  const [code] = await ended;
  assert.equal(code, 0);
  assert.deepEqual([...statuses], [200]);
  assert.deepEqual(told, ['web1 drain', 'web1 free', 'web1 ready', 'web2 drain', 'web2 free', 'web2 ready']);
  assert.match(said, /restart app\/web1\n[\s\S]*restart app\/web2\n/);
});
