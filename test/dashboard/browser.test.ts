/**
 * The dashboard in a real browser: signing in, what it shows, and what it says when the gateway is gone.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { createGateway } from 'sluice';
import {
  Browser,
  closeChromium,
  eventually,
  press,
  seen,
  skipUnless,
  temporaryFolder,
  unnamedControls,
} from '../kit/index.ts';
import { Site, TOKEN } from './site.ts';

after(closeChromium);

const needed = { ...skipUnless('chromium'), timeout: 90_000 };
const VIEWS = ['overview', 'servers', 'requests', 'rules', 'explain', 'clients', 'certificates', 'events', 'gateway'];

test(
  'a wrong token is refused in words, the right one opens the overview, and signing out forgets it',
  needed,
  async () => {
    await using site = await Site.open();
    const page = await site.browser.page(site.url);
    await page.waitForSelector('#token');
    assert.equal(await page.evaluate(() => document.activeElement?.id), 'token', 'the field has the focus');
    await page.type('#token', 'a-wrong-token-of-someone');
    await press(page, 'Sign in');
    await seen(page, /the token is wrong/);
    await page.$eval('#token', (field) => {
      (field as HTMLInputElement).value = '';
    });
    await page.type('#token', TOKEN);
    await press(page, 'Sign in');
    await seen(page, /Topology/);
    assert.equal(await page.evaluate(() => sessionStorage.getItem('sluice-token')), TOKEN);
    assert.equal(page.url().includes(TOKEN), false);
    await page.reload();
    await seen(page, /Topology/);
    await press(page, 'Sign out');
    await page.waitForSelector('#token');
    assert.equal(await page.evaluate(() => sessionStorage.length), 0);
    // The browser itself reports each refused request.
    assert.deepEqual(
      site.browser.problems.filter((problem) => !problem.includes('401')),
      [],
    );
  },
);

test('the overview has listeners, backends, servers and three plots, with what they show as text', needed, async () => {
  await using site = await Site.open();
  for (let time = 0; time < 20; time++) await site.request();
  const page = await site.page();
  const text = await seen(page, /requests \d+(\.\d)?\/s/);
  assert.match(text, /running/);
  assert.match(text, /sends to app, gone/);
  await seen(page, /2 of 2 up/);
  await seen(page, /0 of 1 up[\s\S]*127\.0\.0\.1:1[\s\S]*stopped/);
  await seen(page, /2\s*of 3/, '.figures');
  assert.equal((await page.$$('.plot canvas')).length, 3);
  assert.equal((await page.$$('.edges path')).length, 2, 'a line from the listener to each backend');
  await press(page, 'Requests as a table', 'DisclosureTriangle');
  await seen(page, /Time\s+requests\s+\d\d:\d\d/, '.plot');
  await page.select('.section-head select', 'listener web');
  await seen(page, /Latency is measured for each backend/);
  await page.select('.section-head select', 'backend app');
  await seen(page, /failures/);
  assert.deepEqual(site.browser.problems, []);
});

test('rates are those of the last seconds', needed, async () => {
  await using site = await Site.open();
  const page = await site.page();
  await seen(page, /requests 0\/s/);
  let isEnough = false;
  const load = (async () => {
    while (!isEnough) {
      await site.request();
      await setTimeout(5);
    }
  })();
  await seen(page, /requests [1-9]\d*(\.\d)?K?\/s/);
  await seen(page, /p50 \d+(\.\d+)? ms/);
  isEnough = true;
  await load;
  await seen(page, /requests 0\/s/);
  assert.deepEqual(site.browser.problems, []);
});

test('every control of every view has an accessible name, and no view is wider than a phone', needed, async () => {
  await using site = await Site.open();
  const page = await site.page();
  for (const width of [1280, 360]) {
    await page.setViewport({ width, height: 740 });
    for (const view of VIEWS) {
      await page.evaluate((hash) => {
        location.hash = hash;
      }, `#/${view}`);
      await page.waitForSelector(`nav a[href="#/${view}"][aria-current="page"]`);
      const { unnamed, count } = await unnamedControls(page);
      assert.ok(count >= VIEWS.length + 2, `${view}: ${count} controls`);
      assert.deepEqual(unnamed, [], view);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= width, `${view} is ${wide} px wide of ${width}`);
    }
  }
  assert.deepEqual(site.browser.problems, []);
});

test('text can be read in light and in dark: contrast is at least 4.5 to 1', needed, async () => {
  await using site = await Site.open();
  const page = await site.page();
  for (const scheme of ['light', 'dark']) {
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
    const ratios = await page.evaluate(() => {
      const css = getComputedStyle(document.documentElement);
      const light = (name: string): number => {
        const hex = css.getPropertyValue(name).trim();
        const [r, g, b] = [1, 3, 5].map((at) => {
          const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
          return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
      };
      const pairs = [
        ...['--text', '--muted', '--accent', '--bad', '--warn'].flatMap((text) => [
          [text, '--surface'],
          [text, '--page'],
        ]),
        ...['--ok', '--warn', '--bad', '--idle'].map((text) => [text, `${text}-soft`]),
        ['--on-accent', '--accent'],
        ['--surface', '--bad'],
      ];
      return pairs.map(([text, back]) => {
        const [one, other] = [light(text!), light(back!)];
        return [`${text} on ${back}`, (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05)] as const;
      });
    });
    for (const [pair, ratio] of ratios) assert.ok(ratio >= 4.5, `${scheme}: ${pair} is ${ratio.toFixed(2)}`);
  }
});

test('colours follow the system, or the button, and stay as chosen', needed, async () => {
  await using site = await Site.open();
  const page = await site.page();
  const background = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'light' }]);
  await page.waitForSelector('[data-theme="light"]');
  const light = await background();
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'dark' }]);
  await page.waitForSelector('[data-theme="dark"]');
  const dark = await background();
  assert.notEqual(light, dark);
  await press(page, 'Colours: system. Change to light');
  assert.equal(await background(), light);
  await page.reload();
  await page.waitForSelector('nav.views');
  assert.equal(await background(), light);
  await press(page, 'Colours: light. Change to dark');
  await press(page, 'Colours: dark. Change to system');
  assert.equal(await background(), dark);
});

test(
  'when the gateway is unreachable, the page says so and keeps its data; when it is back, the page continues',
  needed,
  async () => {
    await using site = await Site.open({ token: null });
    const page = await site.page();
    await seen(page, /2 of 2 up/);
    await page.setOfflineMode(true);
    await seen(page, /The gateway does not answer: the gateway cannot be reached/);
    await seen(page, /2 of 2 up/);
    await page.setOfflineMode(false);
    await seen(page, /running/, '.gateway-state');
    await page.waitForFunction(() => document.querySelector('.banner') === null);
  },
);

test('over a Unix socket, through a forwarded port as SSH has it, reads and writes work', needed, async (t) => {
  const path = join(temporaryFolder(), 'admin.sock');
  const gateway = await createGateway({
    rules: 'listener web on 127.0.0.1:0 { otherwise send to app }\nbackend app { server one 127.0.0.1:9 }',
    threads: 0,
    logger: false,
    admin: { address: `unix:${path}` },
  });
  t.after(() => gateway.stop({ deadline: 0 }));
  await gateway.start();
  const forward = createServer((socket) => {
    const through = connect(path);
    socket.pipe(through).pipe(socket);
    socket.on('error', () => through.destroy());
    through.on('error', () => socket.destroy());
  }).listen(0, '127.0.0.1');
  t.after(() => forward.close());
  await once(forward, 'listening');
  const browser = await Browser.open();
  t.after(() => browser.close());
  const page = await browser.page(`http://localhost:${(forward.address() as AddressInfo).port}/#/servers`);
  await press(page, 'Drain app/one');
  await page.waitForSelector('dialog[open]');
  await page.keyboard.press('Enter');
  await eventually('the drain', () => gateway.stats().backends[0]!.servers[0]!.admin === 'drain');
  assert.deepEqual(browser.problems, []);
});
