/**
 * StateFolder: where the gateway keeps what it makes or obtains automatically, such as certificates. Main thread.
 */
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';

/** stateFolder is where they are kept: systemd's folder for state, or the user's (XDG Base Directory), each with what is ours in it. */
export function stateFolder(env: NodeJS.ProcessEnv = process.env): string {
  const systemd = env.STATE_DIRECTORY?.split(':')[0] ?? '';
  if (isAbsolute(systemd)) return systemd;
  const own = env.XDG_STATE_HOME ?? '';
  return join(isAbsolute(own) ? own : join(homedir(), '.local', 'state'), 'sluice');
}

/** requireKeepable rejects with the system's error where files could not be kept in a folder that may have to be made first. It makes nothing. */
export async function requireKeepable(folder: string): Promise<void> {
  try {
    if (!(await stat(folder)).isDirectory()) throw Object.assign(new Error('it is no folder'), { code: 'ENOTDIR' });
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(folder) === folder) throw thrown;
    return requireKeepable(dirname(folder));
  }
  await access(folder, constants.W_OK | constants.X_OK);
}
