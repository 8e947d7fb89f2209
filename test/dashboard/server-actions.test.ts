/**
 * The buttons of the dashboard's list of servers, in a real browser against a real gateway: each does what it says.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Address, closeChromium, connectTo, eventually, press, seen, skipUnless } from '../kit/index.ts';
import { Site } from './site.ts';

after(closeChromium);

const needed = { ...skipUnless('chromium'), timeout: 90_000 };

test('drain asks for a deadline, ready puts the server back, maint takes it out', needed, async (t) => {
  await using site = await Site.open();
  // While something is open there, the drain is not done at once.
  const held = await Promise.all([1, 2].map(() => connectTo(site.gateway.addresses().web as Address)));
  t.after(() => {
    for (const client of held) client.destroy();
  });
  for (const client of held) client.send('POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf');
  await eventually('the requests', () => site.server('one').open === 1);
  const page = await site.page('servers');
  await press(page, 'Drain app/one');
  await page.type('dialog input:not([type])', '10m');
  await page.click('dialog button[type="submit"]');
  await eventually('the drain', () => site.server('one').admin === 'drain');
  await seen(page, /app\/one is draining, for 10m at most/, '[role="status"].announcer');
  assert.ok(site.gateway.server('app/one').draining!.deadlineInMs! > 590_000);
  await seen(page, /one[\s\S]*draining\s*(9m|10m)/, 'tbody tr');

  await press(page, 'Set to ready: app/one');
  await eventually('ready', () => site.server('one').admin === 'ready');

  await press(page, 'Set to maint: app/one');
  await seen(page, /Clients that belong to it go to other servers/, 'dialog');
  await page.click('dialog button[type="submit"]');
  await eventually('maint', () => site.server('one').admin === 'maint');
  assert.equal(site.server('two').admin, 'ready', 'no other server was touched');
  assert.deepEqual(site.browser.problems, []);
});

test('weight and limit are set together; what cannot be is not sent', needed, async () => {
  await using site = await Site.open();
  const page = await site.page('servers');
  await press(page, 'Weight and limit of app/two');
  const [weight, max] = (await page.$$('dialog input[type="number"]')) as [never, never];
  const write = async (field: never, value: string): Promise<void> => {
    await page.evaluate((input: HTMLInputElement) => input.select(), field);
    await page.keyboard.type(value);
  };
  await write(weight, '300');
  await page.click('dialog button[type="submit"]');
  assert.equal(await page.$eval('dialog', (dialog) => (dialog as HTMLDialogElement).open), true, 'it asks again');
  await write(weight, '50');
  await write(max, '7');
  await page.click('dialog button[type="submit"]');
  await eventually('the weight', () => site.server('two').weight === 50 && site.server('two').max === 7);
  await seen(page, /two[\s\S]*50[\s\S]*of 7/, 'tbody tr:nth-child(2)');
  assert.deepEqual(site.browser.problems, []);
});

test('Cancel and Escape change nothing, and give the focus back to the button', needed, async () => {
  await using site = await Site.open();
  const page = await site.page('servers');
  for (const close of [() => press(page, 'Cancel'), () => page.keyboard.press('Escape')]) {
    await press(page, 'Drain app/one');
    await page.waitForSelector('dialog[open]');
    await close();
    await page.waitForFunction(() => document.querySelector('dialog') === null);
    await page.waitForFunction(() => document.activeElement?.ariaLabel === 'Drain app/one');
  }
  assert.equal(site.server('one').admin, 'ready');
});

test('sessions are those that hold on to the server', needed, async (t) => {
  await using site = await Site.open();
  const client = await connectTo(site.gateway.addresses().web as Address);
  t.after(() => client.destroy());
  client.send('POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf');
  const holder = await eventually('the request', () => ['one', 'two'].find((name) => site.server(name).open === 1));
  const page = await site.page('servers');
  await press(page, `Sessions on app/${holder}`);
  await seen(page, /1 open[\s\S]*127\.0\.0\.1[\s\S]*POST \/upload/, 'dialog');
  await press(page, 'Close');
  assert.deepEqual(site.browser.problems, []);
});

test('the filter finds servers by name and state', needed, async () => {
  await using site = await Site.open();
  const page = await site.page('servers');
  await seen(page, /3 of 3/);
  await page.type('input[type="search"]', 'app/t');
  await seen(page, /1 of 3/);
  assert.equal((await page.$$('tbody tr')).length, 1);
  await page.evaluate(() => {
    location.hash = '#/overview';
  });
  await page.waitForSelector('[data-backend="app"] a');
  await page.click('[data-backend="app"] a');
  await seen(page, /2 of 3/);
});

test('an error of the gateway is shown unchanged', needed, async () => {
  await using site = await Site.open();
  const page = await site.page('servers');
  await press(page, 'Drain app/one');
  await page.waitForSelector('dialog[open]');
  await site.gateway.stop({ deadline: 0 });
  await page.click('dialog button[type="submit"]');
  await seen(page, /app\/one was not changed: the gateway cannot be reached/);
});

test('everything can be done with the keyboard', needed, async () => {
  await using site = await Site.open();
  const page = await site.page('overview');
  const labelled = (): Promise<string> =>
    page.evaluate(
      () => document.activeElement?.ariaLabel ?? (document.activeElement as HTMLElement | null)?.innerText ?? '',
    );
  const tabTo = async (wanted: string): Promise<void> => {
    for (let presses = 0; presses < 40; presses++) {
      await page.keyboard.press('Tab');
      if ((await labelled()) === wanted) return;
    }
    assert.fail(`no Tab came to ${wanted}`);
  };
  await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
  await tabTo('Skip to the content');
  await tabTo('Servers');
  await page.keyboard.press('Enter');
  await page.waitForSelector('tbody tr');
  await tabTo('Set to maint: app/two');
  await page.keyboard.press('Space');
  await page.waitForSelector('dialog[open]');
  await tabTo('Set to maint');
  await page.keyboard.press('Enter');
  await eventually('maint', () => site.server('two').admin === 'maint');
  await page.waitForFunction(() => document.querySelector('dialog') === null);
  await tabTo('Set to ready: app/two');
  await page.keyboard.press('Enter');
  await eventually('ready', () => site.server('two').admin === 'ready');
  assert.deepEqual(site.browser.problems, []);
});

test('with a token that may only read, there is nothing to press that would change anything', needed, async () => {
  const reader = 'somebody-who-only-looks';
  await using site = await Site.open({ tokens: [{ name: 'viewer', token: reader, role: 'read' }] });
  const page = await site.page('servers', reader);
  await seen(page, /read only/, '.gateway-state');
  await page.waitForSelector('tbody tr');
  assert.deepEqual(
    await page.$$eval('td .actions button', (buttons) => [...new Set(buttons.map((each) => each.innerText))]),
    ['Sessions'],
  );
  await page.evaluate(() => {
    location.hash = '#/gateway';
  });
  await seen(page, /Data threads/);
  assert.equal((await page.$$('main button')).length, 0, 'no reload');
  assert.deepEqual(site.browser.problems, []);
});

test('a token that lost its role is told so when it is used', needed, async () => {
  const reader = 'somebody-who-only-looks';
  await using site = await Site.open({ tokens: [{ name: 'viewer', token: reader, role: 'read' }] });
  const page = await site.page('servers');
  await press(page, 'Set to maint: app/one');
  await page.waitForSelector('dialog[open]');
  // As if the token had been given another role while the page was open.
  await page.setRequestInterception(true);
  page.on('request', (request) => {
    const headers = { ...request.headers(), authorization: `Bearer ${reader}` };
    void request.continue(request.method() === 'PATCH' ? { headers } : {});
  });
  await page.click('dialog button[type="submit"]');
  await seen(page, /app\/one was not changed: `viewer` may read, and PATCH/, '.announcer');
  assert.equal(site.server('one').admin, 'ready');
});
