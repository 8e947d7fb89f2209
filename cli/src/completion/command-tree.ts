/**
 * CommandTree: the command line as shells complete it: commands, their options, and what their arguments are. Main thread.
 */
import type { Command } from 'commander';

/** What stands for an argument: a file, a server or backend of a running gateway, one of some words, or anything. */
export type Expected = 'file' | 'folder' | 'server' | 'backend' | 'nothing' | readonly string[];

export interface OptionNode {
  /** As written: `-h`, `--help`. */
  readonly flags: readonly string[];
  readonly doc: string;
  /** What its value is; null: it takes none. */
  readonly value: Expected | null;
}

export interface CommandNode {
  /** The words behind `sluice`, such as `ctl drain`; empty: `sluice` itself. */
  readonly path: string;
  readonly name: string;
  readonly doc: string;
  readonly commands: readonly CommandNode[];
  readonly options: readonly OptionNode[];
  /** Its first argument; more are of the same kind. */
  readonly argument: Expected;
}

const BY_NAME: Readonly<Record<string, Expected>> = {
  file: 'file',
  old: 'file',
  new: 'file',
  log: 'file',
  folder: 'folder',
  server: 'server',
  backend: 'backend',
};

/** treeOf describes a program. */
export function treeOf(program: Command, path = ''): CommandNode {
  const commands = program.commands
    .filter((command) => command.name() !== 'help')
    .map((command) => treeOf(command, `${path} ${command.name()}`.trim()));
  const helped = program.createHelp().visibleOptions(program);
  return {
    path,
    name: program.name(),
    doc: program.description(),
    commands,
    options: helped.map(({ short, long, description, argChoices, flags }) => ({
      flags: [short, long].filter((flag) => flag !== undefined),
      doc: description,
      value: /[<[]/.test(flags) ? (argChoices ?? expectedBy(/[<[]([\w-]+)/.exec(flags)![1]!)) : null,
    })),
    argument: expectedBy(program.registeredArguments[0]?.name() ?? ''),
  };
}

function expectedBy(name: string): Expected {
  return BY_NAME[name] ?? 'nothing';
}

/** everyCommand lists a command and all below it. */
export function everyCommand(node: CommandNode): readonly CommandNode[] {
  return [node, ...node.commands.flatMap(everyCommand)];
}
