/**
 * The dashboard over TLS, in a real browser.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ClientAuthority, certify, makeKey } from '@sluice/plugin-kit/tls';
import { createGateway } from 'sluice';
import { Browser, closeChromium, eventually, press, seen, skipUnless, temporaryFolder } from '../kit/index.ts';
import { TOKEN } from './site.ts';

after(closeChromium);

test('over TLS, with an authority for clients that may come without a certificate, one signs in and changes a server', {
  ...skipUnless('chromium'),
  timeout: 90_000,
}, async (t) => {
  const folder = temporaryFolder();
  const own = certify('localhost', makeKey());
  writeFileSync(join(folder, 'admin.pem'), own.cert + own.key);
  writeFileSync(join(folder, 'clients.pem'), new ClientAuthority('operators').pem);
  const file = join(folder, 'gateway.sluice');
  writeFileSync(
    file,
    `settings {
  admin tls terminate cert "admin.pem" client certificate from "clients.pem" optional
  admin client certificate "ann" may read
}
listener web on 127.0.0.1:0 { otherwise send to app }
backend app { server one 127.0.0.1:9; server two 127.0.0.1:9 }
`,
  );
  const admin = { address: '127.0.0.1:0', token: TOKEN };
  const gateway = await createGateway({ rules: { file }, threads: 0, logger: false, admin });
  await gateway.start();
  const browser = await Browser.open();
  t.after(async () => {
    await browser.close();
    await gateway.stop({ deadline: 0 });
  });
  const page = await browser.page(`https://localhost:${(gateway.adminAddress as { port: number }).port}/#/servers`);
  await page.waitForSelector('#token');
  await page.type('#token', TOKEN);
  await page.keyboard.press('Enter');
  await seen(page, /app/);
  await press(page, 'Set to maint: app/one');
  await seen(page, /Clients that belong to it go to other servers/, 'dialog');
  await page.click('dialog button[type="submit"]');
  await eventually('maint', () => {
    const [app] = gateway.stats().backends;
    return app!.servers.find(({ name }) => name === 'one')!.admin === 'maint';
  });
});
