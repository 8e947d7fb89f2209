/**
 * The source of certificates `own`: signs them with an authority of one's own, `ca.pem` and `ca.key` in a folder, as `sluice cert ca` makes
 * it. This is both the manifest and all there is: nobody comes to look whether a name leads here, so data threads have nothing to do.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { keyPem, makeCertificate, makeKeyPair } from '@sluice/certificates/make';
import { definePlugin } from '@sluice/core/plugin';

const DAY_MS = 86_400_000;
const DAYS = 14;

class OwnAuthority {
  #host;
  /** By file. */
  #known = new Map();

  constructor(host) {
    this.#host = host;
  }

  keep({ source, lines }) {
    for (const { listener, options } of lines) {
      if (this.#known.has(options.file)) continue;
      const { names, file } = options;
      const known = {
        names,
        file,
        folder: source.folder,
        listeners: [listener],
        expiresMs: null,
        error: null,
        timer: null,
      };
      this.#known.set(file, known);
      void this.#look(known);
    }
  }

  states() {
    return [...this.#known.values()].map(({ names, file, listeners, expiresMs, error }) => ({
      ...{ names, file, listeners, expiresMs, lastError: error },
      state: expiresMs !== null ? 'valid' : error !== null ? 'failing' : 'pending',
      nextMs: expiresMs === null ? null : expiresMs - (DAYS / 2) * DAY_MS,
      ...{ failures: error === null ? 0 : 1, obtained: 0, failed: 0 },
    }));
  }

  renew(name) {
    const found = [...this.#known.values()].filter(({ names }) => names.includes(name));
    for (const known of found) void this.#sign(known);
    return found.length > 0;
  }

  async stop() {
    for (const { timer } of this.#known.values()) this.#host.timers.clear(timer);
    this.#known.clear();
  }

  /** What is good for another week stays. */
  async #look(known) {
    const kept = await readFile(known.file, 'utf8').catch(() => null);
    const leftMs = kept === null ? 0 : new X509Certificate(kept).validToDate.getTime() - this.#host.timers.now();
    if (leftMs < (DAYS / 2) * DAY_MS) await this.#sign(known);
    else known.expiresMs = this.#host.timers.now() + leftMs;
    if (this.#known.get(known.file) === known)
      known.timer = this.#host.timers.set(() => void this.#look(known), DAY_MS);
  }

  async #sign(known) {
    const { names, file, folder } = known;
    try {
      const certificate = new X509Certificate(await readFile(join(folder, 'ca.pem')));
      const key = createPrivateKey(await readFile(join(folder, 'ca.key')));
      const { publicKey, privateKey } = await makeKeyPair('ecdsa');
      const now = new Date(this.#host.timers.now());
      const wish = { publicKey, commonName: names[0], names, isAuthority: false, days: DAYS, now };
      const pem = makeCertificate(wish, { certificate, key });
      // The gateway reads a file while another one is written.
      await writeFile(`${file}.new`, pem + String(certificate) + keyPem(privateKey), { mode: 0o600 });
      await rename(`${file}.new`, file);
      known.expiresMs = new X509Certificate(pem).validToDate.getTime();
      known.error = null;
      await this.#host.changed();
      this.#host.report({ names, isOk: true, reason: 'signed here', expiresMs: known.expiresMs, nextMs: null });
    } catch (thrown) {
      known.error = thrown.message;
      this.#host.report({ names, isOk: false, reason: known.error, expiresMs: known.expiresMs, nextMs: null });
    }
  }
}

export default definePlugin({
  name: 'own-authority',
  apiVersion: 1,
  components: [
    {
      kind: 'component',
      slot: 'certificates',
      name: 'own',
      doc: 'Signs certificates with an authority of one’s own.',
      example: 'certificates from own "ca"',
      args: [{ name: 'folder', type: 'file', doc: 'the folder with `ca.pem` and `ca.key`' }],
      certificateSource: { open: (host) => new OwnAuthority(host) },
    },
    {
      kind: 'component',
      slot: 'certificate',
      name: 'own',
      doc: 'One certificate for these names.',
      example: 'certificate from own for localhost, edge.internal',
      args: [{ name: 'names', type: 'names', before: 'for', doc: 'the names' }],
      validate(options, _baseDir, { source }) {
        if (source === undefined)
          throw new Error('say in `settings` where the authority is: `certificates from own "ca"`');
        return { ...options, file: join(source.folder, `${options.names[0]}.pem`) };
      },
      kept: ({ names, file }) => ({ names, file }),
    },
  ],
});
