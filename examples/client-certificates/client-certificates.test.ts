import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createGateway } from 'sluice';

const COMMAND = join(import.meta.dirname, '../../cli/bin/sluice.js');

test('an administrator is recognised by name, which cannot be forged', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-example-'));
  const at = (name: string): string => join(folder, name);
  const sluice = (...args: string[]) => execFileSync(process.execPath, [COMMAND, ...args], { encoding: 'utf8' });
  const make = (...args: string[]) => sluice('cert', ...args, '--out', folder);
  make('ca');
  make('leaf', 'localhost', '127.0.0.1');
  make('leaf', 'ann.admins.test');
  make('leaf', 'bob.staff.test');
  const server = createServer(({ headers }, response) => {
    response.end(JSON.stringify([headers['x-client-name'], headers['client-cert'] !== undefined]));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const rules = readFileSync(join(import.meta.dirname, 'gateway.sluice'), 'utf8')
    .replace('127.0.0.1:8443', '127.0.0.1:0')
    .replaceAll(/"(localhost|ca)\.pem"/g, (_, name) => JSON.stringify(at(`${name}.pem`)))
    .replace('127.0.0.1:9001', `127.0.0.1:${(server.address() as AddressInfo).port}`);
  const gateway = await createGateway({ rules, threads: 0, logger: false });
  await gateway.start();
  t.after(async () => {
    await gateway.stop({ deadline: '1s' });
    server.close();
    server.closeAllConnections();
    rmSync(folder, { recursive: true });
  });
  writeFileSync(at('gateway.sluice'), rules);
  assert.match(sluice('test', at('gateway.sluice')), /5 passed|5 tests/);
  const { port } = gateway.addresses().web as { port: number };
  const ask = async (path: string, name?: string): Promise<string> => {
    const own =
      name === undefined ? {} : { cert: readFileSync(at(`${name}.pem`)), key: readFileSync(at(`${name}.pem`)) };
    const outgoing = request({
      host: '127.0.0.1',
      port,
      path,
      agent: false,
      ca: readFileSync(at('ca.pem')),
      headers: { 'X-Client-Name': 'ann.admins.test', 'Client-Cert': ':AAAA:' },
      ...own,
    }).end();
    const [answer] = await once(outgoing, 'response');
    let body = '';
    for await (const piece of answer.setEncoding('utf8')) body += piece;
    return answer.statusCode === 200 ? body : String(answer.statusCode);
  };
  assert.equal(await ask('/admin', 'ann.admins.test'), '["ann.admins.test",true]');
  assert.equal(await ask('/admin', 'bob.staff.test'), '403');
  assert.equal(await ask('/admin'), '403');
  assert.equal(await ask('/'), '["",false]');
});
