/**
 * A real PostgreSQL server with a new, empty cluster, on a free port. It refuses root, so root lends it another user. Test code.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseServer } from './mariadb.ts';
import { freePort, Program, type ProgramOptions, temporaryFolder } from './program.ts';

const VERSIONS = '/usr/lib/postgresql';
const PATIENCE_MS = 60_000;

/** skipUnlessPostgresql is `skipUnless` for a server that Debian does not put on the PATH. */
export function skipUnlessPostgresql(): { skip?: string } {
  return programFolder() === null ? { skip: 'postgresql not installed' } : {};
}

/** startPostgresql starts one whose superuser is `postgres`. `authentication` is how local clients prove who they are. */
export async function startPostgresql(authentication: 'trust' | 'scram-sha-256' = 'trust'): Promise<DatabaseServer> {
  const programs = programFolder()!;
  const folder = temporaryFolder();
  const asOther = otherUser(folder);
  const data = join(folder, 'data');
  const initdb = new Program(
    join(programs, 'initdb'),
    ['-D', data, '-U', 'postgres', '-A', 'trust', '--no-sync', '--no-locale', '-E', 'UTF8'],
    asOther,
  );
  const { code } = await initdb.exited;
  if (code !== 0) throw new Error(`initdb ended with ${code}: ${initdb.output}`);
  const port = await freePort();
  const hba = `${data}/pg_hba.conf`;
  if (authentication !== 'trust') {
    execFileSync('sed', ['-i', `s/trust$/${authentication}/`, hba]);
  }
  const program = new Program(
    join(programs, 'postgres'),
    [
      ...['-D', data, '-p', String(port), '-k', folder],
      ...['-c', 'listen_addresses=127.0.0.1', '-c', 'fsync=off', '-c', 'shared_buffers=8MB'],
    ],
    asOther,
  );
  await program.printed(/ready to accept connections/, PATIENCE_MS);
  await program.listening(port);
  return { address: { host: '127.0.0.1', port }, program };
}

function programFolder(): string | null {
  if (!existsSync(VERSIONS)) return null;
  const newest = readdirSync(VERSIONS).sort((one, other) => Number(other) - Number(one))[0];
  const folder = newest === undefined ? '' : join(VERSIONS, newest, 'bin');
  return existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')) ? folder : null;
}

/** otherUser gives the folder to `nobody` when this process is root's. */
function otherUser(folder: string): ProgramOptions {
  if (process.getuid?.() !== 0) return { cwd: folder };
  const [uid, gid] = ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' })));
  chownSync(folder, uid!, gid!);
  chmodSync(folder, 0o700);
  return { cwd: folder, uid: uid!, gid: gid! };
}
