/**
 * A real browser without a window, that visits one page and goes wherever that leads. Test code.
 */
import { createHash, X509Certificate } from 'node:crypto';
import { Program, temporaryFolder } from './program.ts';

/** openChromium begins with a page. Names under `.test` are this machine; these certificates (PEM) are trusted. */
export function openChromium(url: string, certificates: readonly string[], ...more: string[]): Program {
  const trusted = certificates.map((pem) => {
    const key = new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'der' });
    return createHash('sha256').update(key).digest('base64');
  });
  return new Program('chromium', [
    ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run'],
    ...['--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-extensions'],
    `--user-data-dir=${temporaryFolder()}`,
    `--ignore-certificate-errors-spki-list=${trusted.join(',')}`,
    '--host-resolver-rules=MAP *.test 127.0.0.1',
    '--remote-debugging-port=0',
    ...more,
    url,
  ]);
}
