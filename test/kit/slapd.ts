/**
 * A real OpenLDAP server with an empty directory, on a free port. Test code.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseServer } from './mariadb.ts';
import { freePort, Program, temporaryFolder } from './program.ts';

/** startSlapd starts one; `lines` are more of its configuration: `disallow bind_anon`. */
export async function startSlapd(...lines: string[]): Promise<DatabaseServer> {
  const folder = temporaryFolder();
  const data = join(folder, 'data');
  mkdirSync(data);
  const file = join(folder, 'slapd.conf');
  writeFileSync(
    file,
    `include /etc/ldap/schema/core.schema
pidfile ${folder}/slapd.pid
argsfile ${folder}/slapd.args
${lines.join('\n')}
database ldif
suffix "dc=example,dc=com"
directory ${data}
`,
  );
  const port = await freePort();
  const program = new Program('/usr/sbin/slapd', ['-d', '0', '-h', `ldap://127.0.0.1:${port}`, '-f', file]);
  await program.listening(port);
  return { address: { host: '127.0.0.1', port }, program };
}
