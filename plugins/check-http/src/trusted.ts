/**
 * Trusted: reads the authorities that an https check believes, and looks at what else no schema can see. Main thread.
 */
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import type { ValidateHost } from '@sluice/core/plugin';
import type { Args } from '@sluice/dsl/plan';
import { checkPassable } from './passable.ts';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;
const HEADER_VALUE = /^[\x21-\x7e]+$/;

/** checkHost throws for a check that could never pass, and for a Host header that could not be sent. */
export function checkHost(options: Args): Args {
  checkPassable(options);
  if (typeof options.host === 'string' && !HEADER_VALUE.test(options.host)) {
    throw new Error(`host ${JSON.stringify(options.host)} is not a host: write \`host www.example.com\``);
  }
  return options;
}

/** checkTls returns the options with the file's certificates as `caPem`. Throws for a file that holds none, or a name that is none. */
export async function checkTls(options: Args, baseDir: string, { isPlain }: ValidateHost): Promise<Args> {
  const { ca, insecure, name } = checkHost(options);
  if (isPlain === true)
    throw new Error('`https` and `without tls` contradict each other: write `check GET … without tls`');
  if (typeof name === 'string' && (isIP(name) !== 0 || !/^[A-Za-z0-9._-]+$/.test(name))) {
    throw new Error(`name ${JSON.stringify(name)} is not the name of a host: write \`name api.internal\``);
  }
  if (typeof ca !== 'string') return options;
  if (insecure === true) throw new Error('`ca` and `insecure` contradict each other: leave one of them out');
  const file = resolve(baseDir, ca);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new Error(`${file} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  const certificates = text.match(CERTIFICATE) ?? [];
  if (certificates.length === 0) throw new Error(`${file} holds no certificate in PEM form`);
  for (const [index, certificate] of certificates.entries()) {
    try {
      new X509Certificate(certificate);
    } catch {
      throw new Error(`${file}: certificate ${index + 1} cannot be read`);
    }
  }
  return { ...options, ca: file, caPem: certificates.join('\n') };
}
