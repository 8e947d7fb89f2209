import assert from 'node:assert/strict';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { FakeServer } from '@sluice/plugin-kit';
import { createGateway } from 'sluice';

const here = new URL('.', import.meta.url);

test('a file that appears in the folder is a server, and one that goes takes it along', async (t) => {
  await using server = await FakeServer.start();
  const folder = await mkdtemp(join(tmpdir(), 'sluice-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, 'members'));
  await copyFile(new URL('gateway.sluice', here), join(folder, 'gateway.sluice'));
  const rules = (await readFile(join(folder, 'gateway.sluice'), 'utf8'))
    .replace('./folder.js', new URL('folder.js', here).href)
    .replace('"members"', `"${join(folder, 'members')}"`)
    .replace('127.0.0.1:8080', '127.0.0.1:0');

  const gateway = await createGateway({ rules, threads: 1, logger: false });
  await gateway.start();
  t.after(() => gateway.stop({ deadline: 0 }));
  const { port } = gateway.addresses().web as { port: number };
  const status = async () => (await fetch(`http://127.0.0.1:${port}/`)).status;
  assert.equal(await status(), 503);

  const name = server.address;
  const come = once(gateway, 'server');
  await writeFile(join(folder, 'members', name), '');
  assert.equal((await come)[0].server, name);
  while ((await status()) !== 200);

  const gone = once(gateway, 'server');
  await rm(join(folder, 'members', name));
  assert.equal((await gone)[0].to, 'absent');
  while ((await status()) !== 503);
});
