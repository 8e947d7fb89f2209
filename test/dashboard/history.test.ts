/**
 * The history of the rules in the dashboard, in a real browser against a real gateway.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { closeChromium, eventually, press, seen, skipUnless } from '../kit/index.ts';
import { Site, TOKEN } from './site.ts';

after(closeChromium);

const needed = { ...skipUnless('chromium'), timeout: 90_000 };

/** The rules that the gateway started with are version 1. replace puts other rules over the API, as `sluice ctl config put` does. */
async function replace(site: Site, edit: (text: string) => string, message: string): Promise<void> {
  const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };
  const now = await fetch(`${site.url}v1/configuration`, { headers });
  const { text, tag } = (await now.json()) as { readonly text: string; readonly tag: string };
  const answer = await fetch(`${site.url}v1/configuration`, {
    method: 'PUT',
    headers: { ...headers, 'if-match': `"${tag}"` },
    body: JSON.stringify({ text: edit(text), message }),
  });
  assert.equal(answer.status, 200, await answer.text());
}

test(
  'history shows who changed the rules and why, what an older version would change, and rolls back to it',
  needed,
  async () => {
    await using site = await Site.open({ token: null });
    await replace(
      site,
      (text) => text.replace('send to gone', 'deny path under /secret\n  send to gone'),
      'close /secret',
    );
    await replace(site, (text) => text.replace('  deny path under /secret\n', ''), 'open /secret again');
    assert.equal(await site.request('/secret'), 200);
    const page = await site.page('history');
    await seen(page, /^3[\s\S]*open \/secret again/, 'tbody tr:nth-child(1)');
    await seen(page, /^2[\s\S]*close \/secret/, 'tbody tr:nth-child(2)');
    await press(page, 'Show version 2');
    await seen(page, /\/secret from .*: send to app → answer 403/, 'dialog ul');
    await seen(page, /deny path under \/secret/, 'dialog pre');
    await page.click('dialog button[type="submit"]');
    await eventually('the rollback', async () => (await site.request('/secret')) === 403);
    assert.match(readFileSync(site.file, 'utf8'), /deny path under \/secret/);
    await seen(page, /Rolled back to version 2/, '[role="status"].announcer');
    await seen(page, /^4/, 'tbody tr:nth-child(1)');
    assert.deepEqual(site.browser.problems, []);
  },
);

test('a token that may read sees the history, and no button that rolls back', needed, async () => {
  const reader = 'a-reader-of-everything';
  await using site = await Site.open({ tokens: [{ name: 'reader', token: reader, role: 'read' }] });
  await replace(site, (text) => `${text}\n# a remark\n`, 'add a remark');
  const page = await site.page('history', reader);
  await press(page, 'Show version 2');
  await seen(page, /# a remark/, 'dialog pre');
  assert.equal(await page.$('dialog button[type="submit"]'), null);
  await press(page, 'Close');
  assert.deepEqual(site.browser.problems, []);
});
