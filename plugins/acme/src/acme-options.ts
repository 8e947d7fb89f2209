/**
 * AcmeOptions: what the lines of a rule file say, read from a plan. Main thread.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Args } from '@sluice/dsl/plan';

/** DIRECTORIES are the authorities that are known by a name. */
export const DIRECTORIES: Readonly<Record<string, string>> = {
  letsencrypt: 'https://acme-v02.api.letsencrypt.org/directory',
  'letsencrypt-staging': 'https://acme-staging-v02.api.letsencrypt.org/directory',
};

export type ChallengeKind = 'http-01' | 'tls-alpn-01';

export interface SourceOptions {
  /** An https address. */
  readonly directory: string;
  readonly email: string | null;
  /** Absolute: that of this directory alone. */
  readonly folder: string;
  /** Null: what listeners there are. */
  readonly by: ChallengeKind | null;
  /** Absolute. */
  readonly ca: string | null;
  readonly account: string | null;
  /** The name of the secret that holds its key. */
  readonly accountKey: string | null;
}

/** sourceOptions reads the checked options of the line in settings. */
export function sourceOptions({ directory, email, folder, by, ca, account, accountKey }: Args): SourceOptions {
  const written = String(directory);
  const url = DIRECTORIES[written] ?? written;
  return {
    directory: url,
    email: textOf(email),
    folder: join(String(folder), folderName(url)),
    by: by === 'http' ? 'http-01' : by === 'tls' ? 'tls-alpn-01' : null,
    ca: textOf(ca),
    account: textOf(account),
    accountKey:
      typeof accountKey === 'object' && accountKey !== null && 'secret' in accountKey ? accountKey.secret : null,
  };
}

/** Certificates of a staging authority must not be taken for others, so each directory has a folder. */
function folderName(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`.replace(/[^\w.-]+/g, '_').slice(0, 100);
}

/** certificateFile is where a certificate is kept: the same names and kind of key in the same file, in whatever order they are written. */
export function certificateFile({ folder }: SourceOptions, names: readonly string[], isRsa: boolean): string {
  const digest = createHash('sha256')
    .update([...names].sort().join('\n'))
    .digest('hex')
    .slice(0, 12);
  const first = names[0]!.slice(0, 100);
  return join(folder, `${names.length === 1 ? first : `${first}-${digest}`}${isRsa ? '.rsa' : ''}.pem`);
}

function textOf(value: Args[string] | undefined): string | null {
  return typeof value === 'string' ? value : null;
}
