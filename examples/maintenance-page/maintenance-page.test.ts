import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { createGateway } from 'sluice';

test('while no server is up, every path shows the page, with its style', async (t) => {
  const folder = import.meta.dirname;
  const rules = (await readFile(join(folder, 'gateway.sluice'), 'utf8'))
    .replace('127.0.0.1:8080', '127.0.0.1:0')
    .replace('"sorry"', JSON.stringify(join(folder, 'sorry')));
  const gateway = await createGateway({ rules, threads: 0, logger: false });
  await gateway.start();
  t.after(() => gateway.stop({ deadline: '1s' }));
  for (const server of ['127.0.0.1:9001', '127.0.0.1:9002']) gateway.server(`app/${server}`).maint();
  const { port } = gateway.addresses().web as { port: number };
  const page = await fetch(`http://127.0.0.1:${port}/any/path`);
  assert.equal(page.status, 503);
  assert.equal(page.headers.get('retry-after'), '30');
  assert.match(await page.text(), /back soon/);
  const style = await fetch(`http://127.0.0.1:${port}/style.css`);
  assert.equal(style.status, 200);
  assert.match(style.headers.get('content-type')!, /^text\/css/);
});
