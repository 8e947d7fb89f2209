/**
 * StateFolder: where things are kept that the gateway makes or gets by itself, such as certificates. Main thread.
 */
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** stateFolder is where they are kept: systemd's folder for state, or the user's (XDG Base Directory), each with what is ours in it. */
export function stateFolder(env: NodeJS.ProcessEnv = process.env): string {
  const systemd = env.STATE_DIRECTORY?.split(':')[0] ?? '';
  if (isAbsolute(systemd)) return systemd;
  const own = env.XDG_STATE_HOME ?? '';
  return join(isAbsolute(own) ? own : join(homedir(), '.local', 'state'), 'sluice');
}
