/**
 * Fish: the completion script for fish, with the descriptions of commands and options. Main thread.
 */
import { type CommandNode, type Expected, everyCommand } from './command-tree.ts';

/** fishScript is to be sourced. */
export function fishScript(tree: CommandNode): string {
  const lines = everyCommand(tree).flatMap((node) => linesOf(node));
  return `# fish completion for sluice:  sluice completion fish | source
function __sluice_at
    # Whether the words typed so far, without options, begin with these and name no command below them.
    set -l typed (string match --invert -- '-*' (commandline -opc)[2..-1])
    set -l wanted (string split ' ' -- $argv[1])
    test -n "$argv[1]"; or set wanted
    for at in (seq (count $wanted))
        test "$typed[$at]" = "$wanted[$at]"; or return 1
    end
    set -l next $typed[(math (count $wanted) + 1)]
    test -z "$next"; or not contains -- "$next" (string split ' ' -- $argv[2])
end
complete -c sluice -f
${lines.join('\n')}
`;
}

function linesOf({ path, commands, options, argument }: CommandNode): readonly string[] {
  const below = commands.map(({ name }) => name).join(' ');
  const when = `-n ${quoted(`__sluice_at '${path}' '${below}'`)}`;
  const given = argumentsOf(argument);
  return [
    ...commands.map(({ name, doc }) => `complete -c sluice ${when} -a ${name} -d ${quoted(doc)}`),
    ...(commands.length > 0 || given === '' ? [] : [`complete -c sluice ${when} ${given}`]),
    ...options.map(({ flags, doc, value }) => {
      const names = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
      const takes = value === null ? '' : ` -r ${argumentsOf(value)}`;
      return `complete -c sluice ${when} ${names.join(' ')}${takes} -d ${quoted(doc)}`;
    }),
  ];
}

function argumentsOf(expected: Expected): string {
  switch (expected) {
    case 'file':
      return '-F';
    case 'folder':
      return "-a '(__fish_complete_directories)'";
    case 'server':
    case 'backend':
      return `-a '(sluice completion ${expected}s 2>/dev/null)'`;
    case 'nothing':
      return '';
    default:
      return `-a ${quoted(expected.join(' '))}`;
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
