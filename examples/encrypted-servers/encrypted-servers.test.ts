import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createGateway } from 'sluice';

const COMMAND = join(import.meta.dirname, '../../cli/bin/sluice.js');

test('a server with the right certificate is spoken to, one with another is not', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-example-'));
  const pem = (name: string): string => readFileSync(join(folder, `${name}.pem`), 'utf8');
  const make = (...args: string[]) => execFileSync(process.execPath, [COMMAND, 'cert', ...args, '--out', folder]);
  make('ca');
  for (const names of [['localhost', '127.0.0.1'], ['app.test'], ['other.test']]) make('leaf', ...names);
  const server = createServer({ cert: pem('app.test'), key: pem('app.test') }, (_, answer) => answer.end('encrypted'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const rules = readFileSync(join(import.meta.dirname, 'gateway.sluice'), 'utf8')
    .replace('127.0.0.1:8443', '127.0.0.1:0')
    .replaceAll(/"(localhost|ca)\.pem"/g, (_, name) => JSON.stringify(join(folder, `${name}.pem`)))
    .replace('127.0.0.1:9443', `127.0.0.1:${(server.address() as AddressInfo).port}`);
  const gateway = await createGateway({ rules, threads: 0, logger: false });
  await gateway.start();
  t.after(async () => {
    await gateway.stop({ deadline: '1s' });
    server.close();
    server.closeAllConnections();
    rmSync(folder, { recursive: true });
  });
  const { port } = gateway.addresses().web as { port: number };
  const ask = async (): Promise<string> => {
    const [answer] = await once(request({ host: '127.0.0.1', port, ca: pem('ca'), agent: false }).end(), 'response');
    let body = '';
    for await (const piece of answer.setEncoding('utf8')) body += piece;
    return answer.statusCode === 200 ? body : String(answer.statusCode);
  };
  assert.equal(await ask(), 'encrypted');
  // Connections that stand were verified when they were made; new ones meet another certificate.
  const stopped = once(gateway, 'server');
  server.setSecureContext({ cert: pem('other.test'), key: pem('other.test') });
  server.closeAllConnections();
  const [event] = await stopped;
  assert.equal(event.to, 'stopped');
  assert.match(event.reason, /^its certificate is for another name/);
  assert.equal(await ask(), '503');
});
