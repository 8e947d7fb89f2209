/**
 * BridgeCheck: is what `tls bridge` names something that can be spoken with. Main thread, when a plan is checked or loaded.
 *
 * Each problem is one line that says the fix. In the end OpenSSL itself has its say, so that what passes here also loads in a
 * data thread.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { checkOwnCertificate, checkTrusted } from '@sluice/certificates/check';
import type { ValidateHost } from '@sluice/core/plugin';
import type { Args } from '@sluice/dsl/plan';
import { contextOf } from './bridge.ts';
import { bridgeOptions } from './bridge-options.ts';
import { bridgeError } from './errors.ts';

/** RFC 1123; underscores do occur inside of networks. */
const NAME =
  /^(?=.{1,253}$)[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*$/;

/**
 * checkBridge returns the options with all paths absolute, and with `stamp`, which tells one content of the files from the next.
 * Rejects with one line for people.
 */
export async function checkBridge(options: Args, baseDir: string, host: ValidateHost): Promise<Args> {
  const { ca, name, isInsecure, certificate, key } = bridgeOptions(options);
  if (name !== null && isIP(name) === 0 && !NAME.test(name)) {
    throw bridgeError('SP0301', { name: JSON.stringify(name) });
  }
  if (isInsecure && ca !== null) throw bridgeError('SP0302', {});
  if (isInsecure) {
    host.warn(
      '`insecure` takes any certificate: whoever gets between gateway and server can read and change what passes',
    );
  }
  const nameless = host.servers?.find(({ address }) => 'path' in address);
  if (nameless !== undefined && name === null && !isInsecure) {
    throw bridgeError('SP0303', { server: nameless.name });
  }
  if (certificate === null && (key !== null || options.password !== undefined)) {
    throw bridgeError('SP0304', {});
  }
  const files: string[] = [];
  const checked: Record<string, Args[string]> = { ...options };
  if (ca !== null) {
    const path = resolve(baseDir, ca);
    await checkTrusted(path);
    checked.ca = path;
    files.push(path);
  }
  let password: string | null = null;
  if (certificate !== null) {
    const asked = options.password ?? null;
    const own = await checkOwnCertificate({ cert: certificate, key, password: asked }, baseDir, host);
    checked.certificate = own.cert;
    checked.key = own.key;
    files.push(own.cert, own.key);
    if (typeof asked === 'object' && asked !== null && 'secret' in asked) password = host.secret(asked.secret);
  }
  const read = { ...bridgeOptions(checked), password };
  try {
    contextOf(read);
  } catch (thrown) {
    throw bridgeError('SP0305', { reason: thrown instanceof Error ? thrown.message : String(thrown) }, thrown);
  }
  if (files.length > 0) checked.stamp = await stampOf(files);
  return checked;
}

/** stampOf is a hash of the files' contents; of a private key it tells nothing. */
async function stampOf(files: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const file of files) hash.update(await readFile(file)).update('\0');
  return hash.digest('base64url');
}
