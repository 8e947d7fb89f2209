/**
 * The command `completion SHELL`: a script with which the shell completes command lines. Main thread.
 */
import type { Command } from 'commander';
import { bashScript } from '../completion/bash.ts';
import { treeOf } from '../completion/command-tree.ts';
import { fishScript } from '../completion/fish.ts';
import { zshScript } from '../completion/zsh.ts';
import { AdminCaller } from '../ctl/admin-caller.ts';
import { EXIT_OK, EXIT_UNREACHABLE } from '../exit-codes.ts';
import { print } from '../terminal.ts';

/** SHELLS are those that there is a script for. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;
/** NAMES are what the scripts ask a running gateway for. */
export const NAMES = ['servers', 'backends'] as const;

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript };

/** completion prints the script, or the names that a script asks for, one a line. Names: nothing is said where no gateway answers. */
export async function completion(
  wanted: (typeof SHELLS)[number] | (typeof NAMES)[number],
  program: Command,
): Promise<number> {
  if (wanted !== 'servers' && wanted !== 'backends') {
    print(SCRIPTS[wanted](treeOf(program)).trimEnd());
    return EXIT_OK;
  }
  try {
    const { backends } = await new AdminCaller({}).call('listBackends');
    const names = backends.map(({ name }) => name);
    const servers = backends.flatMap((backend) => backend.servers.map(({ name }) => `${backend.name}/${name}`));
    for (const name of wanted === 'servers' ? servers : names) print(name);
    return EXIT_OK;
  } catch {
    return EXIT_UNREACHABLE;
  }
}
