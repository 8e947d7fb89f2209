/**
 * Trusted: reads the authorities that an https check believes, and looks at what else no schema can see. Main thread.
 */
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import type { ValidateHost } from '@sluice/core/plugin';
import type { Args } from '@sluice/dsl/plan';
import { checkError } from './errors.ts';
import { checkPassable } from './passable.ts';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;
const HEADER_VALUE = /^[\x21-\x7e]+$/;

/** checkHost throws for a check that could never pass, and for a Host header that could not be sent. */
export function checkHost(options: Args): Args {
  checkPassable(options);
  if (typeof options.host === 'string' && !HEADER_VALUE.test(options.host)) {
    throw checkError('SP0508', { host: JSON.stringify(options.host) });
  }
  return options;
}

/** checkTls returns the options with the file's certificates as `caPem`. Throws for a file that holds none, or a name that is none. */
export async function checkTls(options: Args, baseDir: string, { isPlain }: ValidateHost): Promise<Args> {
  const { ca, insecure, name } = checkHost(options);
  if (isPlain === true) throw checkError('SP0509', {});
  if (typeof name === 'string' && (isIP(name) !== 0 || !/^[A-Za-z0-9._-]+$/.test(name))) {
    throw checkError('SP0510', { name: JSON.stringify(name) });
  }
  if (typeof ca !== 'string') return options;
  if (insecure === true) throw checkError('SP0511', {});
  const file = resolve(baseDir, ca);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw checkError('SP0512', { file, reason: String((error as NodeJS.ErrnoException).code) }, error);
  }
  const certificates = text.match(CERTIFICATE) ?? [];
  if (certificates.length === 0) throw checkError('SP0513', { file });
  for (const [index, certificate] of certificates.entries()) {
    try {
      new X509Certificate(certificate);
    } catch (error) {
      throw checkError('SP0514', { file, number: index + 1 }, error);
    }
  }
  return { ...options, ca: file, caPem: certificates.join('\n') };
}
