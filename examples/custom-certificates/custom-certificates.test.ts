import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { keyPem, makeCertificate, makeKeyPair } from '@sluice/certificates/make';
import { FakeServer } from '@sluice/plugin-kit';
import { createGateway } from 'sluice';

const here = new URL('.', import.meta.url);

test('certificates that our own authority signs are served as soon as they are there', async (t) => {
  await using app = await FakeServer.start();
  const folder = await mkdtemp(join(tmpdir(), 'sluice-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const { publicKey, privateKey } = await makeKeyPair('ecdsa');
  const wish = { publicKey, commonName: 'ours', names: [], isAuthority: true, days: 30, now: new Date() };
  const ca = makeCertificate(wish, privateKey);
  await writeFile(join(folder, 'ca.pem'), ca);
  await writeFile(join(folder, 'ca.key'), keyPem(privateKey));
  const rules = (await readFile(new URL('gateway.sluice', here), 'utf8'))
    .replace('./own-authority.js', new URL('own-authority.js', here).href)
    .replace('"ca"', `"${folder}"`)
    .replace('127.0.0.1:8443', '127.0.0.1:0')
    .replace('127.0.0.1:9001', app.address);

  const gateway = await createGateway({ rules, threads: 2, logger: false });
  t.after(() => gateway.stop({ deadline: 0 }));
  const told = once(gateway, 'certificate');
  await gateway.start();
  const [event] = await told;
  assert.deepEqual([event.source, event.isOk], ['own', true], event.reason);
  const { port } = gateway.addresses().web as { port: number };
  for (const servername of ['localhost', 'edge.internal']) {
    const [answer] = await once(get({ host: '127.0.0.1', port, servername, ca, agent: false }), 'response');
    assert.equal(answer.statusCode, 200);
    answer.resume();
  }
  assert.deepEqual(
    gateway.certificates().map(({ names, source, state }) => ({ names, source, state })),
    [{ names: ['localhost', 'edge.internal'], source: 'own', state: 'valid' }],
  );
});

test('without the line in settings, check reports what is missing', async () => {
  const rules = (await readFile(new URL('gateway.sluice', here), 'utf8'))
    .replace('./own-authority.js', new URL('own-authority.js', here).href)
    .replace(/^settings.*$/m, '');
  await assert.rejects(createGateway({ rules, logger: false }), /say in `settings` where the authority is/);
});
