/**
 * What is wrong with the lines is said when the rules are checked.
 */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createGateway, GatewayError } from '@sluice/core';
import { standard } from '@sluice/standard';

const folder = mkdtempSync(join(tmpdir(), 'sluice-check-'));
const SOURCE = `certificates from acme in "${join(folder, 'kept')}" agree to terms`;

interface Found {
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
}

async function check(line: string, source = SOURCE, plain = 80, edge = 443): Promise<Found> {
  const rules = `settings { ${source} }
listener web on 127.0.0.1:${plain} { otherwise deny }
listener edge on 127.0.0.1:${edge} { tls terminate; ${line}; otherwise deny }`;
  try {
    const lines: string[] = [];
    const { pino } = await import('pino');
    const logger = pino({ level: 'warn' }, { write: (text: string) => void lines.push(JSON.parse(text).msg) });
    await createGateway({ rules, plugins: standard, logger });
    return { errors: [], warnings: lines };
  } catch (thrown) {
    assert.ok(thrown instanceof GatewayError, String(thrown));
    return { errors: thrown.diagnostics.map(({ message }) => message), warnings: [] };
  }
}

const LINE = 'certificate from acme for a.test';

test('valid lines produce no errors', async () => {
  assert.deepEqual(await check(LINE), { errors: [], warnings: [] });
  assert.deepEqual(await check('certificate from acme for a.test, B.TEST, bücher.test rsa'), {
    errors: [],
    warnings: [],
  });
});

const WRONG: readonly [title: string, line: string, source: string, expected: RegExp][] = [
  ['no line in settings', LINE, 'threads 1', /the authority is missing in `settings`/],
  ['terms that nobody agreed to', LINE, 'certificates from acme', /agree to terms/],
  ['a wildcard', 'certificate from acme for *.a.test', SOURCE, /`\*\.a\.test`: .*wildcard.*DNS-01/],
  ['an address', 'certificate from acme for 192.0.2.1', SOURCE, /`192\.0\.2\.1` is an IP address/],
  ['no name', 'certificate from acme for "a b"', SOURCE, /`a b` is neither a hostname/],
  [
    'an unknown authority',
    LINE,
    'certificates from acme lets-encrypt agree to terms',
    /`lets-encrypt` is not a known authority: write letsencrypt/,
  ],
  [
    'an authority without TLS',
    LINE,
    'certificates from acme "http://ca.test/dir" agree to terms',
    /is not a known authority/,
  ],
  [
    'an address for mail that is none',
    LINE,
    'certificates from acme email ops agree to terms',
    /email `ops` is not an address/,
  ],
  ['an account without its key', LINE, `${SOURCE} external account kid`, /also needs `external key secret/],
  ['a key for all to read', LINE, `${SOURCE} external account kid external key abc`, /would be readable by others/],
  [
    'an authority file that is not there',
    LINE,
    `${SOURCE} ca "no-such.pem"`,
    /ca `.*no-such\.pem`: there is no such file/,
  ],
];

for (const [title, line, source, expected] of WRONG) {
  test(`${title} is an error with a fix`, async () => {
    const { errors } = await check(line, source);
    assert.equal(errors.length, 1, errors.join('\n'));
    assert.match(errors[0]!, expected);
  });
}

test('a key that is no base64url is refused without being shown', async (t) => {
  process.env.SLUICE_SECRET_BAD = 'not base64 !';
  t.after(() => delete process.env.SLUICE_SECRET_BAD);
  const { errors } = await check(LINE, `${SOURCE} external account kid external key secret "bad"`);
  assert.match(errors[0]!, /the secret `bad` is not in base64url form/);
  assert.doesNotMatch(errors[0]!, /not base64 !/);
});

test('names that no authority will find are warned of', async () => {
  const { warnings } = await check(LINE, SOURCE, 8080, 8443);
  assert.match(warnings[0]!, /looks for a\.test on port 80 or 443, and no listener is there/);
  const byTls = await check(LINE, `${SOURCE} by tls`, 80, 8443);
  assert.match(byTls.warnings[0]!, /on port 443, and the listener of this line is not there/);
  const byHttp = await check(LINE, `${SOURCE} by http`, 8080, 443);
  assert.match(byHttp.warnings[0]!, /on port 80, and no plain http listener is there/);
});

test('keys are not put where others may look', async () => {
  const open = join(folder, 'open');
  mkdirSync(join(open, 'acme-v02.api.letsencrypt.org_directory'), { recursive: true });
  chmodSync(join(open, 'acme-v02.api.letsencrypt.org_directory'), 0o755);
  const { errors } = await check(LINE, `certificates from acme in "${open}" agree to terms`);
  assert.match(errors[0]!, /others than its owner can access it: `chmod 700/);
});

test('a folder that is a file is refused', async () => {
  const file = join(folder, 'file');
  writeFileSync(file, '');
  const { errors } = await check(LINE, `certificates from acme in "${file}" agree to terms`);
  assert.match(errors[0]!, /certificates cannot be stored in .*\((EEXIST|ENOTDIR)\)/);
});
