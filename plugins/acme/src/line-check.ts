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
import { reachOf } from './reach.ts';

/** checkSource returns the options with every path absolute. Rejects with one line for people. */
export async function checkSource(options: Args, baseDir: string, host: ValidateHost): Promise<Args> {
  checkDirectory(String(options.directory));
  if (options.terms !== true) {
    throw new Error(
      'the authority gives certificates only to those who agree to its terms of service: read them, and write `agree to terms`',
    );
  }
  const { email, account, accountKey } = options;
  if (typeof email === 'string' && !/^[^\s@,:?]+@[^\s@,:?]+$/.test(email)) {
    throw new Error(`email \`${email}\` is no address: write such as \`email ops@example.com\``);
  }
  if (account !== undefined) {
    if (accountKey === undefined) throw new Error('`external account` needs `external key secret "NAME"` beside it');
    if (typeof accountKey !== 'object' || accountKey === null || !('secret' in accountKey)) {
      throw new Error('the external key would stand where others can read it: write `external key secret "NAME"`');
    }
    if (!/^[\w-]+=*$/.test(host.secret(accountKey.secret))) {
      throw new Error(`external key: the secret \`${accountKey.secret}\` is not base64url, as authorities give it`);
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
    throw new Error(
      'whom to ask stands in `settings`: write `settings { certificates from acme letsencrypt email ops@example.com agree to terms }`',
    );
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
  throw new Error(
    `\`${written}\` is no authority: write ${known}, or an address such as "https://ca.internal/acme/directory"`,
  );
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
    throw new Error(
      `certificates cannot be kept in \`${folder}\` (${code ?? message}): let the user that runs the gateway write there, or name another folder with \`in\``,
    );
  }
  const above = dirname(folder);
  const { mode } = await stat(folder);
  if ((mode & 0o077) !== 0) {
    throw new Error(
      `\`${folder}\` would hold private keys, and others than its owner may look into it: \`chmod 700 ${above} ${folder}\``,
    );
  }
}

async function checkAuthority(ca: string): Promise<void> {
  try {
    new X509Certificate(await readFile(ca));
  } catch (thrown) {
    const { code, message } = thrown as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'there is no such file' : code === 'EACCES' ? 'permission denied' : message;
    throw new Error(`ca \`${ca}\`: ${reason.split('\n')[0]}`);
  }
}

function nameOf(written: string): string {
  if (isIP(written) !== 0) throw new Error(`\`${written}\` is an address: certificates are for names here`);
  const name = certificateName(written);
  if (!name.startsWith('*.')) return name;
  throw new Error(
    `\`${written}\`: an authority gives a certificate for a wildcard only against a proof in the DNS (DNS-01), which this gateway does not write: list the names, or get it with another tool and name its file with \`cert\``,
  );
}

function warnOfReach(names: readonly string[], by: ChallengeKind | null, host: ValidateHost): void {
  const kinds = reachOf(host.listeners ?? []);
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
