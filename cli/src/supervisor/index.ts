/**
 * What the command's file starts for `sluice run`.
 */
import { SUPERVISED } from './messages.ts';
import { Supervisor } from './supervisor.ts';

/** Arguments with which `run` runs no gateway, or no supervised one. */
const ALONE: ReadonlySet<string> = new Set(['--no-supervisor', '--check', '--help', '-h']);

/** isSupervisable: the command line is a `run` that is to have a supervisor, and this process is to be it. */
export function isSupervisable(argv: readonly string[]): boolean {
  const [, , command, ...rest] = argv;
  if (command !== 'run' || rest.length === 0 || process.env[SUPERVISED] !== undefined) return false;
  if (process.platform === 'win32' || isDebugged()) return false;
  const end = rest.indexOf('--');
  return !(end === -1 ? rest : rest.slice(0, end)).some((arg) => ALONE.has(arg));
}

/** isDebugged: a debugger is for the gateway, and two processes cannot have its port. */
function isDebugged(): boolean {
  const options = [...process.execArgv, ...(process.env.NODE_OPTIONS ?? '').split(' ')];
  return options.some((option) => /^--inspect(?:-brk|-wait)?(?:=|$)/.test(option));
}

/** supervise runs `argv` under a supervisor, which this process is from now on. */
export function supervise(argv: readonly string[]): void {
  new Supervisor(argv[1]!, argv.slice(2)).start();
}
