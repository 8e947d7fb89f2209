/**
 * Bash: the completion script for bash. Main thread.
 */
import { type CommandNode, type Expected, everyCommand } from './command-tree.ts';

/** bashScript is to be sourced. */
export function bashScript(tree: CommandNode): string {
  const all = everyCommand(tree);
  const paths = all.filter(({ path }) => path !== '').map(({ path }) => `"${path}"`);
  const cases = all.map(
    ({ path, commands, options, argument }) => `    "${path}")
      words="${commands.map(({ name }) => name).join(' ')}"
      options="${options.flatMap(({ flags }) => flags).join(' ')}"
      expected="${expectedText(argument)}"
      case $before in
${options
  .filter(({ value }) => value !== null)
  .map(({ flags, value }) => `        ${flags.join('|')}) expected="${expectedText(value!)}" words="" options="" ;;`)
  .join('\n')}
      esac ;;`,
  );
  return `# bash completion for sluice:  source <(sluice completion bash)
_sluice() {
  local current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]}
  local path="" words="" options="" expected="" at next
  for ((at = 1; at < COMP_CWORD; at++)); do
    next="\${path:+$path }\${COMP_WORDS[at]}"
    case "$next" in ${paths.join(' | ')}) path=$next ;; esac
  done
  case "$path" in
${cases.join('\n')}
  esac
  COMPREPLY=()
  if [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$current"))
  elif [[ -n $words ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$current"))
  else
    case $expected in
      file) COMPREPLY=($(compgen -f -- "$current")) ;;
      folder) COMPREPLY=($(compgen -d -- "$current")) ;;
      server | backend) COMPREPLY=($(compgen -W "$(sluice completion "\${expected}s" 2>/dev/null)" -- "$current")) ;;
      words:*) COMPREPLY=($(compgen -W "\${expected#words:}" -- "$current")) ;;
    esac
  fi
}
complete -o filenames -F _sluice sluice
`;
}

function expectedText(expected: Expected): string {
  return typeof expected === 'string' ? expected : `words:${expected.join(' ')}`;
}
