/**
 * LineCheck: is what the rules say of certificates something that can be done. Main thread, when a plan is checked or loaded.
 */
import { X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { access, constants, mkdir, readFile, stat } from 'node:fs/promises';
import { isIP } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { certificateName } from '@sluice/certificates/make';
import { requireKeepable, stateFolder } from '@sluice/certificates/store';
import type { ValidateHost } from '@sluice/core/plugin';
import type { Args } from '@sluice/dsl/plan';
import { type ChallengeKind, certificateFile, DIRECTORIES, sourceOptions } from './acme-options.ts';
import { acmeError } from './errors.ts';
import { reachableChallenges } from './reachable-challenges.ts';

const EXAMPLE = '{ certificates from acme letsencrypt email ops@example.com agree to terms }';

/** checkSource returns the options with every path absolute. Rejects with one line for people. */
export async function checkSource(options: Args, baseDir: string, host: ValidateHost): Promise<Args> {
  checkDirectory(String(options.directory));
  if (options.terms !== true) {
    throw acmeError('SP0401', {});
  }
  const { email, account, accountKey } = options;
  if (typeof email === 'string' && !/^[^\s@,:?]+@[^\s@,:?]+$/.test(email)) {
    throw acmeError('SP0402', { email });
  }
  if (account !== undefined) {
    if (accountKey === undefined) throw acmeError('SP0403', {});
    if (typeof accountKey !== 'object' || accountKey === null || !('secret' in accountKey)) {
      throw acmeError('SP0404', {});
    }
    if (!/^[\w-]+=*$/.test(host.secret(accountKey.secret))) {
      throw acmeError('SP0405', { secret: accountKey.secret });
    }
  }
  const folder = typeof options.folder === 'string' ? resolve(baseDir, options.folder) : join(stateFolder(), 'acme');
  const checked: Args = { ...options, folder };
  await checkFolder(sourceOptions(checked).folder, host.isTrial === true);
  if (typeof options.ca !== 'string') return checked;
  const ca = resolve(baseDir, options.ca);
  await checkAuthority(ca);
  return { ...checked, ca };
}

/** checkLine returns the options with the names as certificates have them, and the file. Throws one line for people. */
export function checkLine(options: Args, host: ValidateHost): Args {
  const { source } = host;
  if (source === undefined) {
    throw acmeError('SP0406', { settings: EXAMPLE });
  }
  const names = [...new Set((options.names as string[]).map(nameOf))];
  const known = sourceOptions(source);
  warnOfReach(names, known.by, host);
  return { ...options, names, file: certificateFile(known, names, options.rsa === true) };
}

function checkDirectory(written: string): void {
  if (written in DIRECTORIES) return;
  const url = URL.canParse(written) ? new URL(written) : null;
  if (url?.protocol === 'https:' && url.username === '' && url.hash === '') return;
  const known = Object.keys(DIRECTORIES).join(', ');
  throw acmeError('SP0407', { written, known });
}

/** checkFolder makes the folder where the plan will run. */
async function checkFolder(folder: string, isTrial: boolean): Promise<void> {
  try {
    // What is there already keeps its own rights; what is made here is the gateway's alone.
    if (isTrial) await requireKeepable(folder);
    else await mkdir(folder, { recursive: true, mode: 0o700 });
    if (isTrial && !existsSync(folder)) return;
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (thrown) {
    const { code, message } = thrown as NodeJS.ErrnoException;
    throw acmeError('SP0408', { folder, reason: code ?? message }, thrown);
  }
  const above = dirname(folder);
  const { mode } = await stat(folder);
  if ((mode & 0o077) !== 0) {
    throw acmeError('SP0409', { folder, above });
  }
}

async function checkAuthority(ca: string): Promise<void> {
  try {
    new X509Certificate(await readFile(ca));
  } catch (thrown) {
    const { code, message } = thrown as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'there is no such file' : code === 'EACCES' ? 'permission denied' : message;
    throw acmeError('SP0410', { file: ca, reason: reason.split('\n')[0]! }, thrown);
  }
}

function nameOf(written: string): string {
  if (isIP(written) !== 0) throw acmeError('SP0411', { name: written });
  const name = certificateName(written);
  if (!name.startsWith('*.')) return name;
  throw acmeError('SP0412', { name: written });
}

function warnOfReach(names: readonly string[], by: ChallengeKind | null, host: ValidateHost): void {
  const kinds = reachableChallenges(host.listeners ?? []);
  if (by === null ? kinds.length > 0 : kinds.includes(by)) return;
  const where =
    by === 'http-01'
      ? 'port 80, and no plain http listener is there'
      : by === 'tls-alpn-01'
        ? 'port 443, and the listener of this line is not there'
        : 'port 80 or 443, and no listener is there';
  host.warn(
    `the authority looks for ${names.join(', ')} on ${where}: unless something passes that port on to this gateway, no certificate will come`,
  );
}
