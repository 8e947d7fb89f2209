/**
 * Every rule file of the cookbook runs: it starts on ports of its own, takes what comes, and stops.
 */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { createGateway } from 'sluice';
import { readPages } from './page.ts';
import { StagedPage } from './staged-page.ts';

/** onOwnPorts puts every listener on a free port of the loopback, and leaves the admin API out. */
function onOwnPorts(text: string): string {
  return text
    .replace(/^(listener \S+ on ).*?((?: tcp)? \{)$/gm, '$1127.0.0.1:0$2')
    .replace(/^ *socket mode .*\n/gm, '')
    .replace(/admin on [\d.:]+/g, 'threads 1');
}

/** Whatever the listener makes of a request, it is an answer, an end, or silence until the gateway stops: it lives. */
function knock({ host, port }: { readonly host: string; readonly port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port }, () => {
      socket.write('GET / HTTP/1.1\r\nHost: www.example.com\r\nConnection: close\r\n\r\n');
      socket.end();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => (error.code === 'ECONNRESET' ? resolve() : reject(error)));
    socket.on('close', () => resolve());
    socket.resume();
  });
}

suite('the cookbook', async () => {
  const page = (await readPages()).find(({ name }) => name === 'docs/language/cookbook.md')!;
  const staged = await StagedPage.open(page);
  after(() => staged.close());
  for (const { block, file, isFragment } of staged.snippets) {
    if (isFragment) continue;
    test(`line ${block.line} runs`, async () => {
      const own = join(staged.folder, `running-${file}`);
      await writeFile(own, onOwnPorts(await readFile(join(staged.folder, file), 'utf8')));
      const gateway = await createGateway({
        rules: { file: own },
        threads: 0,
        logger: false,
        nameResolver: { resolve: async () => ({ addresses: ['127.0.0.1'], ttlMs: 1000 }) },
      });
      await gateway.start();
      const addresses = Object.values(gateway.addresses());
      assert.ok(addresses.length > 0);
      for (const address of addresses) if ('port' in address) await knock(address);
      await gateway.stop({ deadline: 0 });
      assert.equal(gateway.state, 'stopped');
    });
  }
});
