/**
 * A real MariaDB server with a new, empty data folder, on a free port. Test code.
 */
import { writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { freePort, Program, temporaryFolder } from './program.ts';
import type { Address } from './wire.ts';

/** Making the data folder takes seconds, and on a busy machine more of them. */
const PATIENCE_MS = 60_000;

export interface DatabaseServer {
  readonly address: Address;
  readonly program: Program;
}

/** MARIADB_PROGRAMS are what `skipUnless` must find. */
export const MARIADB_PROGRAMS = ['mariadbd', 'mariadb-install-db'] as const;

/** startMariadb starts one. `sql` is run first, a statement a line. */
export async function startMariadb(sql = ''): Promise<DatabaseServer> {
  const folder = temporaryFolder();
  const data = join(folder, 'data');
  const user = userInfo().username;
  const install = new Program('mariadb-install-db', [
    '--no-defaults',
    `--datadir=${data}`,
    `--user=${user}`,
    '--auth-root-authentication-method=normal',
    '--skip-test-db',
  ]);
  const { code } = await install.exited;
  if (code !== 0) throw new Error(`mariadb-install-db ended with ${code}: ${install.output}`);
  const init = join(folder, 'init.sql');
  writeFileSync(init, sql);
  const port = await freePort();
  const program = new Program('/usr/sbin/mariadbd', [
    '--no-defaults',
    `--datadir=${data}`,
    `--user=${user}`,
    `--port=${port}`,
    '--bind-address=127.0.0.1',
    `--socket=${join(folder, 'mysql.sock')}`,
    `--pid-file=${join(folder, 'mysql.pid')}`,
    `--init-file=${init}`,
    '--innodb-buffer-pool-size=8M',
    '--skip-name-resolve',
  ]);
  await program.printed(/ready for connections/, PATIENCE_MS);
  await program.listening(port);
  return { address: { host: '127.0.0.1', port }, program };
}
