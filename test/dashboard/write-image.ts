/**
 * WriteImage writes docs/images/dashboard.png: the overview of a gateway that has been under load for two minutes. Run in a built
 * checkout, with Chromium installed:
 *
 *     node test/dashboard/write-image.ts
 *
 * With a folder as its argument it writes more there, to be looked at: every view, light and dark, on a desk and on a phone.
 */
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createGateway } from 'sluice';
import { type Address, Browser, closeChromium } from '../kit/index.ts';

const LOAD_MS = 120_000;
const VIEWS = ['overview', 'servers', 'requests', 'rules', 'explain', 'clients', 'certificates', 'events', 'gateway'];

/** A server that answers in some milliseconds, and fails now and then. */
async function origin(usualMs: number, failures: number): Promise<string> {
  const server = createServer((asked, response) => {
    if (asked.url === '/healthz') return response.end('ok');
    const chance = Math.random();
    response.statusCode = chance < failures ? 500 : chance < failures + 0.01 ? 404 : 200;
    return setTimeout(() => response.end('x'.repeat(2000)), usualMs * (0.5 - Math.log(Math.random())));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const [web1, web2, web3, api1, api2, spare, reports, files] = await Promise.all(
  [3, 3, 4, 12, 14, 9, 20, 1].map((usualMs, index) => origin(usualMs, index === 4 ? 0.03 : 0.001)),
);
const gateway = await createGateway({
  threads: 2,
  logger: false,
  admin: { address: '127.0.0.1:0' },
  rules: `
list office = ips 10.0.0.0/8, 192.168.0.0/16
listener web on 127.0.0.1:0 {
  deny path under /admin and not ip office
  limit 500/s per ip
  set header X-Request-Id to "{request.id}"
  send to api when path under /api
  send to static when path under /assets
  otherwise send to shop
}
listener internal on 127.0.0.1:0 {
  send to reports when path under /reports
  otherwise send to api
}
backend shop {
  server web1 ${web1} weight 2
  server web2 ${web2}
  server web3 ${web3}
  stick on cookie sid
  check GET /healthz every 2s
}
backend api {
  server api1 ${api1} max 50
  server api2 ${api2} max 50
  server spare ${spare} backup
  check GET /healthz every 2s
  break circuit after 50 failures for 5s
}
backend reports {
  server batch1 ${reports}
  server batch2 127.0.0.1:1
  check tcp every 2s
}
backend static { server files ${files} }
`,
});
await gateway.start();
const { web, internal } = gateway.addresses() as Readonly<Record<string, Address>>;
const agent = new Agent({ keepAlive: true, maxSockets: 40 });
const PATHS = ['/', '/', '/cart', '/api/items', '/api/items', '/assets/app.js', '/admin/login'];

function ask(): void {
  const to = Math.random() < 0.15 ? internal! : web!;
  const path = Math.random() < 0.06 ? '/reports/today' : PATHS[Math.floor(Math.random() * PATHS.length)]!;
  const headers = { cookie: `sid=${Math.floor(Math.random() * 500)}` };
  const asked = request({ ...to, path, headers, agent }, (response) => response.resume());
  asked.on('error', () => {});
  asked.end();
}

let step = 0;
const load = setInterval(() => {
  step++;
  const wanted = 9 + 5 * Math.sin(step / 70) + 2 * Math.sin(step / 17);
  for (let count = 0; count < wanted; count++) ask();
}, 50);

const browser = await Browser.open();
const { host, port } = gateway.adminAddress as Address;
const page = await browser.page(`http://${host}:${port}/`, 1280, 1012);
await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'light' }]);
await new Promise((resolve) => setTimeout(resolve, LOAD_MS));
const image = new URL('../../docs/images/dashboard.png', import.meta.url).pathname as `${string}.png`;
await page.screenshot({ path: image });
const [, , folder] = process.argv;
if (folder !== undefined) {
  for (const scheme of ['light', 'dark']) {
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
    for (const width of [1280, 360]) {
      await page.setViewport({ width, height: 860 });
      for (const view of VIEWS) {
        await page.evaluate((hash) => {
          location.hash = hash;
        }, `#/${view}`);
        await new Promise((resolve) => setTimeout(resolve, 3000));
        const path = join(folder, `${view}-${scheme}-${width}.png`) as `${string}.png`;
        await page.screenshot({ path, fullPage: true });
      }
    }
  }
}
clearInterval(load);
await closeChromium();
await gateway.stop({ deadline: 0 });
process.exit();
