/**
 * Certificates that the gateway gets by itself, as they are written.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { secretsOf } from '../../src/plan/index.ts';
import { compileText, planOf } from '../compile-text.ts';

const SOURCE =
  'settings { certificates from acme email ops@example.com agree to terms external account "kid" external key secret "eab" }';
const rulesOf = (lines: string, settings = SOURCE): string =>
  `${settings}\nlistener web on :8443 {\n ${lines}\n otherwise deny\n}\n`;
const codes = async (rules: string): Promise<string[]> =>
  (await compileText(rules)).diagnostics.map(({ code }) => code);

test('a listener names the certificates, and the settings their authority', async () => {
  process.env.SLUICE_SECRET_EAB = 'x';
  const plan = await planOf(
    rulesOf('tls terminate cert "a.pem"\ncertificate from acme for a.test, "b.test"\ncertificate from acme for c.test'),
  );
  assert.deepEqual(
    plan.listeners[0]!.certificates!.map(({ slot, name, options }) => [slot, name, options.names]),
    [
      ['certificate', 'acme', ['a.test', 'b.test']],
      ['certificate', 'acme', ['c.test']],
    ],
  );
  const [source] = plan.settings.certificateSources!;
  assert.deepEqual([source!.slot, source!.name, source!.options.directory], ['certificates', 'acme', 'letsencrypt']);
  assert.deepEqual([...secretsOf(plan)], ['eab']);
});

test('without such lines, a plan has none', async () => {
  const plan = await planOf(rulesOf('tls terminate cert "a.pem"', ''));
  assert.equal(plan.listeners[0]!.certificates, undefined);
  assert.equal(plan.settings.certificateSources, undefined);
});

test('lines that mean nothing are errors', async () => {
  assert.deepEqual(await codes(rulesOf('certificate from acme for a.test')), ['SL0724']);
  const twice = 'certificate from acme for a.test';
  assert.deepEqual(await codes(rulesOf(`tls terminate cert "a.pem"; ${twice}; ${twice}`)), ['SL0122']);
  assert.deepEqual(await codes(rulesOf('tls terminate cert "a.pem"; certificate from acme')), ['SL0117']);
  assert.deepEqual(await codes(rulesOf('tls terminate cert "a.pem"; certificate from acne for a.test')), ['SL0711']);
  assert.deepEqual(await codes(rulesOf('tls terminate cert "a.pem"; certificate from acme for r"x"')), ['SL0118']);
  const two = 'settings { certificates from acme; certificates from acme }';
  assert.deepEqual(await codes(rulesOf('tls terminate cert "a.pem"', two)), ['SL0122']);
  assert.deepEqual(await codes(rulesOf('tls terminate cert "a.pem"; certificates from acme')), ['SL0403']);
});
