import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createGateway } from 'sluice';

const COMMAND = join(import.meta.dirname, '../../cli/bin/sluice.js');

test('callers are known by their certificates, and each has its role', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-example-'));
  const at = (name: string): string => join(folder, name);
  const env: Record<string, string | undefined> = { ...process.env, SLUICE_ADMIN_CA: at('ca.pem') };
  const sluice = (...args: string[]): Promise<{ code: number; output: string }> =>
    new Promise((resolve) => {
      execFile(process.execPath, [COMMAND, ...args], { env }, (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code), output: stdout + stderr }),
      );
    });
  const make = async (...args: string[]) => assert.equal((await sluice('cert', ...args, '--out', folder)).code, 0);
  await make('ca');
  await make('leaf', 'gateway.example.com', 'localhost', '127.0.0.1');
  await make('leaf', 'deploy.example.com');
  await make('leaf', 'prometheus.example.com');
  const rules = readFileSync(join(import.meta.dirname, 'gateway.sluice'), 'utf8')
    .replace('127.0.0.1:9900', '127.0.0.1:0')
    .replace('127.0.0.1:8080', '127.0.0.1:0');
  writeFileSync(at('gateway.sluice'), rules);
  const gateway = await createGateway({ rules: { file: at('gateway.sluice') }, threads: 0, logger: false });
  await gateway.start();
  t.after(async () => {
    await gateway.stop({ deadline: 0 });
    rmSync(folder, { recursive: true });
  });
  const { port } = gateway.adminAddress as { port: number };
  env.SLUICE_ADMIN = `https://localhost:${port}`;
  env.SLUICE_ADMIN_CERT = at('deploy.example.com.pem');
  assert.match((await sluice('ctl', 'status')).output, /^running for /);
  assert.equal((await sluice('ctl', 'drain', 'app/web1')).code, 0);
  const [line] = readFileSync(at('audit.log'), 'utf8').split('\n');
  assert.equal(JSON.parse(line!).who, 'deploy.example.com');
  const refused = await sluice('ctl', 'drain', 'app/web2', '--cert', at('prometheus.example.com.pem'));
  assert.deepEqual([refused.code, /may read/.test(refused.output)], [1, true], refused.output);
  const pem = readFileSync(at('prometheus.example.com.pem'));
  const options = { host: 'localhost', port, path: '/metrics', agent: false as const, ca: readFileSync(at('ca.pem')) };
  const [scraped] = await once(request({ ...options, cert: pem, key: pem }).end(), 'response');
  assert.equal(scraped.resume().statusCode, 200);
});
