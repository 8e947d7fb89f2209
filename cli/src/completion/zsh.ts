/**
 * Zsh: the completion script for zsh, with the descriptions of commands and options. Main thread.
 */
import { type CommandNode, type Expected, everyCommand, type OptionNode } from './command-tree.ts';

/** zshScript is to be sourced, or put into a folder of `fpath` as `_sluice`. */
export function zshScript(tree: CommandNode): string {
  const functions = everyCommand(tree).map(functionOf);
  return `#compdef sluice
# zsh completion for sluice:  source <(sluice completion zsh)
_sluice_names() { local -a names; names=(\${(f)"$(sluice completion $1 2>/dev/null)"}); compadd -a names }
${functions.join('\n')}
if [ "$funcstack[1]" = "_sluice" ]; then _sluice "$@"; else compdef _sluice sluice; fi
`;
}

function functionOf(node: CommandNode): string {
  const options = node.options.flatMap(optionSpecs);
  const name = functionName(node.path);
  if (node.commands.length === 0) {
    const specs = [...options, `'*:argument:${actionOf(node.argument)}'`];
    return `${name}() { _arguments ${specs.join(' ')} }`;
  }
  const described = node.commands.map((command) => quoted(`${command.name}:${command.doc}`)).join(' ');
  const cases = node.commands.map((command) => `    ${command.name}) ${functionName(command.path)} ;;`);
  return `${name}() {
  local line state
  _arguments -C ${options.join(' ')} '1: :->command' '*:: :->rest'
  case $state in
    command) local -a commands; commands=(${described}); _describe command commands ;;
    rest) case $line[1] in
${cases.join('\n')}
    esac ;;
  esac
}`;
}

function optionSpecs({ flags, doc, value }: OptionNode): readonly string[] {
  const text = doc.replace(/[[\]]/g, '').replaceAll(':', '\\:');
  const action = value === null ? '' : `:value:${actionOf(value)}`;
  return flags.map((flag) => quoted(`*${flag}[${text}]${action}`));
}

function actionOf(expected: Expected): string {
  switch (expected) {
    case 'file':
      return '_files';
    case 'folder':
      return '_files -/';
    case 'server':
      return '_sluice_names servers';
    case 'backend':
      return '_sluice_names backends';
    case 'nothing':
      return ' ';
    default:
      return `(${expected.join(' ')})`;
  }
}

function functionName(path: string): string {
  return path === '' ? '_sluice' : `_sluice_${path.replaceAll(' ', '_')}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
