/**
 * Words of a backend that need requests, where connections come that nobody has read.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codesOf, compileText } from '../compile-text.ts';

const WEB = 'listener web on :80 { otherwise send to app }';
const RAW = 'listener raw on :81 tcp { otherwise send to app }';

for (const line of [
  'stick on cookie sid',
  'balance consistent-hash by header X-User',
  'balance consistent-hash by cookie sid',
  'balance consistent-hash by path',
  'retry 2 on connect-failure, 503',
  'eject after 5 failures on 500..599',
  'break circuit after 5 failures on 500..599',
  'protocol http2',
]) {
  test(`\`${line}\` is an error where only connections come, a warning where requests come too`, async () => {
    const codes = async (...listeners: string[]): Promise<readonly string[]> => {
      const { diagnostics } = await compileText(`${listeners.join('\n')}\nbackend app of 127.0.0.1:9001 { ${line} }\n`);
      return codesOf(diagnostics).map((code) => code.slice(0, 6));
    };
    assert.deepEqual(await codes(WEB), []);
    assert.deepEqual(await codes(RAW), ['SL0460']);
    assert.deepEqual(await codes(WEB, RAW), ['SL0461']);
  });
}

for (const line of [
  'balance consistent-hash by ip',
  'balance least-connections',
  'retry 2 on connect-failure',
  'eject after 5 failures',
  'check tcp',
  'protocol http1',
]) {
  test(`\`${line}\` is for connections too`, async () => {
    const { diagnostics } = await compileText(`${RAW}\nbackend app of 127.0.0.1:9001 { ${line} }\n`);
    assert.deepEqual(codesOf(diagnostics), []);
  });
}

test('connections come by `tls passthrough`, by maps and by falling back, too', async () => {
  const stick = '{ stick on cookie sid }';
  const { diagnostics } = await compileText(
    `${RAW}\nbackend app of 127.0.0.1:9001 { fall back to spare }\nbackend spare of 127.0.0.1:9002 ${stick}\n`,
  );
  assert.deepEqual(codesOf(diagnostics), ['SL0460 3:35']);
});

test('a static site answers requests, and nothing else', async () => {
  const { diagnostics } = await compileText(`${RAW}\nbackend app { serve files "/srv" }\n`);
  assert.deepEqual(codesOf(diagnostics), ['SL0460 2:15']);
  assert.equal(diagnostics[0]!.message, '`serve files` needs requests, but backend `app` gets raw connections');
  const site = await compileText(`${RAW}\nbackend app { serve site "http://sorry.test" }\n`);
  assert.deepEqual(codesOf(site.diagnostics), ['SL0460 2:15']);
});

test('an unused backend is reported only as unused', async () => {
  const { diagnostics } = await compileText(
    'listener raw on :81 tcp { otherwise deny }\nbackend app of 127.0.0.1:9001 { stick on cookie sid }\n',
  );
  assert.deepEqual(codesOf(diagnostics), ['SL0502 2:9']);
});
