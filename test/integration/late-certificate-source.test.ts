/**
 * A source of certificates that fails late, in a timer or a promise that nobody waits for: blamed on its plugin, and what it got
 * before is served on.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { certify, makeKey } from '@sluice/plugin-kit/tls';
import { freePort, sluice, temporaryFolder } from '../kit/index.ts';

/** Its certificate is there; whenever it is asked to keep it, it fails a moment later, in two ways. */
const SOURCE = `
import { join } from 'node:path';
const fail = () => {
  setTimeout(() => { throw new Error('late timer of the source'); }, 1);
  void Promise.reject(new Error('rejection of the source'));
};
const open = () => {
  let kept = [];
  return {
    keep({ lines }) { kept = lines.map(({ listener, options }) => ({ listener, ...options })); fail(); },
    states: () => kept.map(({ names, file, listener }) => ({ names, file, listeners: [listener], state: 'valid', expiresMs: null,
      nextMs: null, failures: 0, lastError: null, obtained: 0, failed: 0 })),
    renew: () => { fail(); return true; },
    async stop() {},
  };
};
const component = (slot, more) => ({ kind: 'component', slot, name: 'failing', doc: 'Fails.', ...more });
export default { name: 'failing', apiVersion: 1, components: [
  component('certificates', { example: 'certificates from failing', args: [], certificateSource: { open } }),
  component('certificate', { example: 'certificate from failing for a.test',
    args: [{ name: 'names', type: 'names', before: 'for', doc: 'the names' }],
    validate: (options, baseDir) => ({ ...options, file: join(baseDir, options.names[0] + '.pem') }),
    kept: ({ names, file }) => ({ names, file }) }),
] };
`;

/** servedName is the common name of the certificate that a client is shown. */
function servedName(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, servername: 'site.test', rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

test('`run` continues to serve the certificates of a source that fails late', async () => {
  const folder = temporaryFolder();
  const key = makeKey();
  writeFileSync(join(folder, 'site.test.pem'), certify('site.test', key).cert + key);
  writeFileSync(join(folder, 'failing.js'), SOURCE);
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const port = await freePort();
  const file = join(folder, 'gateway.sluice');
  writeFileSync(
    file,
    `use failing from "./failing.js"
settings { certificates from failing }
listener web on 127.0.0.1:${port} {
  certificate from failing for site.test
  tls terminate
  otherwise redirect to "/"
}
`,
  );
  const program = sluice('run', file, '--threads', '1');
  await program.printed(/plugin failing threw outside of any call at .*failing\.js:4:\d+/);
  await program.printed(/plugin failing left a rejection that nobody handled at .*failing\.js:5:\d+/);
  await program.printed(/listener web is on/);
  assert.equal(await servedName(port), 'site.test');
  // A reload asks the source again, which fails again: the gateway still serves.
  process.kill(program.pid, 'SIGHUP');
  await program.printed(/generation 2/);
  assert.equal(await servedName(port), 'site.test');
  assert.equal(program.hasExited, false);
  await program.stop();
});
