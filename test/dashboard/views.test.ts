/**
 * The views of the dashboard beside the overview and the servers, in a real browser against a real gateway.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { Authority, hasOpenssl } from '@sluice/plugin-kit/tls';
import type { Page } from 'puppeteer-core';
import {
  type Address,
  closeChromium,
  connectTo,
  eventually,
  press,
  seen,
  skipUnless,
  temporaryFolder,
} from '../kit/index.ts';
import { Site } from './site.ts';

after(closeChromium);

const needed = { ...skipUnless('chromium'), timeout: 90_000 };

/** write replaces what a field has, as a user would. */
async function write(page: Page, selector: string, text: string): Promise<void> {
  await page.locator(selector).fill(text);
}

test('explain shows the verdict, the rule, its conditions with their values, and the servers', needed, async () => {
  await using site = await Site.open({ listener: 'deny path under /admin and not ip 10.0.0.0/8' });
  const page = await site.page('explain');
  const { port } = site.gateway.addresses().web as Address;
  await write(page, 'input.code', `GET http://127.0.0.1:${port}/admin/x from 198.51.100.7`);
  await press(page, 'Explain');
  await seen(
    page,
    /Answered 403 by deny path under \/admin[\s\S]*Without that rule: Sent to backend app/,
    '.explanation',
  );
  await seen(
    page,
    /not\s+does not hold:\s+✗?\s*ip is 10\.0\.0\.0\/8\s+198\.51\.100\.7|ip is 10\.0\.0\.0\/8\s+198\.51\.100\.7/,
    '.rules',
  );
  await write(page, 'input.code', `GET http://127.0.0.1:${port}/ from 198.51.100.7`);
  await write(page, 'textarea', 'Cookie: sid=abc\nX-Team: blue');
  await page.select('select', 'web');
  await press(page, 'Explain');
  await seen(page, /Sent to backend app[\s\S]*Stickiness[\s\S]*one[\s\S]*two/, '.explanation');
  await write(page, 'input.code', 'nonsense');
  await press(page, 'Explain');
  await seen(page, /nonsense/, '.banner.bad');
  assert.equal(site.gateway.stats().listeners[0]!.counters.requests, 0, 'nothing was sent');
  assert.deepEqual(
    site.browser.problems.filter((problem) => !problem.includes('400')),
    [],
  );
});

test('clients shows to which server a session belongs', needed, async () => {
  await using site = await Site.open();
  const page = await site.page('clients');
  await write(page, 'textarea', 'Cookie: sid=nobody');
  await press(page, 'Find');
  await seen(page, /It belongs to no server yet/);
  const client = await connectTo(site.gateway.addresses().web as Address);
  client.send('GET / HTTP/1.1\r\nHost: a\r\nCookie: sid=abc\r\n\r\n');
  await client.answer();
  client.destroy();
  const found = await site.gateway.stickiness('app').find({ headers: ['Cookie: sid=abc'] });
  await write(page, 'textarea', 'Cookie: sid=abc');
  await press(page, 'Find');
  await seen(page, found.server === null ? /belongs to no server/ : new RegExp(`It belongs to ${found.server}`));
  assert.deepEqual(site.browser.problems, []);
});

test('rules shows hits, and marks those that traffic never reached', needed, async () => {
  await using site = await Site.open({ listener: 'deny path under /admin' });
  for (let time = 0; time < 3; time++) await site.request('/admin/x');
  const page = await site.page('rules');
  await seen(page, /deny path under \/admin\s+web\s+guard\s+3/);
  await seen(page, /send to gone when path under \/gone\s+web\s+route\s+never hit/);
  await page.click('input[type="checkbox"]');
  await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 2);
  await page.type('input[type="search"]', 'gone');
  await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 1);
  await site.request('/gone/x');
  await seen(page, /No rule matches/);
  assert.deepEqual(site.browser.problems, []);
});

test('requests shows why each was refused or failed, and ends what is open', needed, async (t) => {
  await using site = await Site.open({ listener: 'deny path under /admin' });
  await site.request('/admin/x');
  await site.request('/gone/y');
  const client = await connectTo(site.gateway.addresses().web as Address);
  t.after(() => client.destroy());
  client.send('POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf');
  const page = await site.page('requests');
  await seen(page, /rule\s+403\s+GET \/admin\/x\s+from 127\.0\.0\.1 to web\s+deny path under \/admin/);
  await seen(page, /server\s+503\s+GET \/gone\/y/);
  await press(page, 'Pause');
  await site.request('/admin/later');
  await page.type('input[type="search"]', 'admin');
  await page.waitForFunction(
    () => document.querySelectorAll('[aria-labelledby="failures-title"] tbody tr').length === 1,
  );
  await press(page, 'Go on');
  await seen(page, /\/admin\/later/);
  await press(page, 'End POST /upload of 127.0.0.1');
  await eventually('the end', () => site.server('one').open + site.server('two').open === 0);
  await seen(page, /POST \/upload of 127\.0\.0\.1 was ended/, '.announcer');
  await seen(page, /Nothing is open/);
  assert.deepEqual(site.browser.problems, []);
});

test('events are shown as they happen', needed, async () => {
  await using site = await Site.open();
  const page = await site.page('events');
  await seen(page, /Events\s+live/);
  site.gateway.server('app/two').weight(9);
  await seen(page, /set\s+app\/two: weight was set from 1 to 9/, '[role="log"]');
  await site.gateway.reload();
  await seen(page, /reload\s+generation 2 is active/, '[role="log"]');
  assert.deepEqual(site.browser.problems, []);
});

test('reload brings the new rules into force, or shows what is wrong with them', needed, async () => {
  await using site = await Site.open();
  const page = await site.page('gateway');
  const right = readFileSync(site.file, 'utf8');
  writeFileSync(site.file, `${right}\nnonsense {}`);
  await press(page, 'Reload');
  await seen(page, /The rules were not reloaded/, '.banner.bad');
  assert.equal(site.gateway.stats().generation, 1);
  writeFileSync(site.file, right.replace('weight 2', 'weight 7'));
  await press(page, 'Reload');
  await seen(page, /generation 2 is active/, '.announcer');
  await seen(page, /generation 2/, '.gateway-state');
  assert.equal(site.server('one').weight, 7);
  assert.deepEqual(
    site.browser.problems.filter((problem) => !problem.includes('422')),
    [],
  );
});

test('certificates shows names, state and expiry', {
  ...(hasOpenssl ? needed : { skip: 'openssl not installed' }),
}, async () => {
  const pem = new Authority(temporaryFolder()).issue('site', ['shop.test', 'www.shop.test']);
  await using site = await Site.open({
    more: `listener secure on 127.0.0.1:0 {\n  tls terminate cert "${pem}"\n  otherwise send to app\n}`,
  });
  const page = await site.page('certificates');
  await seen(page, /shop\.test, www\.shop\.test\s+valid\s+\d+ \w+ \d{4}\s+in \d+[dh]/);
  assert.deepEqual(site.browser.problems, []);
});
