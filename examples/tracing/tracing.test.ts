import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { eventually, FakeServer } from '@sluice/plugin-kit';
import { createGateway } from 'sluice';
import { startCollector } from './collector.ts';

test('the collector prints the spans of a request, under the ID that the client got', async (t) => {
  await using server = await FakeServer.start();
  const lines: string[] = [];
  const collector = await startCollector(0, (line) => void lines.push(line));
  t.after(async () => {
    collector.close();
    collector.closeAllConnections();
    await once(collector, 'close');
  });
  const { port: collectorPort } = collector.address() as { port: number };
  const rules = (await readFile(new URL('gateway.sluice', import.meta.url), 'utf8'))
    .replace('"@sluice/opentelemetry"', `"${import.meta.resolve('@sluice/opentelemetry')}"`)
    .replace('127.0.0.1:8080', '127.0.0.1:0')
    .replace('127.0.0.1:9001', server.address)
    .replace('127.0.0.1:4318', `127.0.0.1:${collectorPort}`);

  const gateway = await createGateway({ rules, threads: 1, logger: false });
  await gateway.start();
  t.after(() => gateway.stop({ deadline: 0 }));
  const { port } = gateway.addresses().web as { port: number };
  const ask = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).headers.get('x-trace-id')!;
  const [denied, served] = [await ask('/private'), await ask('/page')];
  assert.match(denied, /^[0-9a-f]{32}$/);

  await eventually('the spans', () => lines.some((line) => line.startsWith(`${served}   response `)));
  const of = (id: string) => lines.filter((line) => line.startsWith(id)).map((line) => line.slice(33));
  assert.match(of(denied).join('\n'), /^GET \/private 403 \d+\.\d ms$/);
  assert.match(
    of(served).join('\n'),
    /^GET \/page 200 \d+\.\d ms\n {2}connect \d+\.\d ms\n {2}wait \d+\.\d ms\n {2}response \d+\.\d ms$/,
  );
  assert.equal(server.last.headers.traceparent?.slice(3, 35), served);
});
