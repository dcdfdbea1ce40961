// `rootsync completion`: a script for a shell that completes commands, options and their values, made from what --help is made from.

import type { Command } from 'commander';
import { EVENT_KINDS } from '../capture/event.ts';
import { MODES } from '../policy/mode.ts';
import { commandTree, placeholder, type CommandWords } from './command-tree.ts';
import { EXIT } from './exit-codes.ts';
import { writeAll } from './say.ts';

const SHELLS = ['bash'] as const;

/** What completes a value, by what --help calls it; by compgen's options. */
const VALUES: Readonly<Record<string, string>> = {
  DIR: '-d',
  MOUNTPOINT: '-d',
  FILE: '-f',
  PATH: '-f',
  COMMAND: '-c',
  MODE: words(MODES),
  KIND: words([...EVENT_KINDS, 'lost']),
  SHELL: words(SHELLS),
};

export function completion(program: Command): number {
  writeAll(1, bashScript(program));
  return EXIT.ok;
}

function bashScript(program: Command): string {
  const all = commandTree(program);
  const below = all.slice(1).map(({ path }) => `'${path}'`);
  return `# Completion of rootsync(1) for bash, made by: rootsync completion bash
_rootsync() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} path=rootsync how='' options='' i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$path \${COMP_WORDS[i]}" in
    ${below.join(' | ')})
      path="$path \${COMP_WORDS[i]}"
      ;;
    esac
    # What follows is a command line of its own.
    if [[ $path == 'rootsync run' && \${COMP_WORDS[i]} == -- ]]; then
      if declare -F _command_offset > /dev/null; then
        _command_offset $((i + 1))
      elif ((COMP_CWORD == i + 1)); then
        mapfile -t COMPREPLY < <(compgen -c -- "$cur")
      else
        compopt -o default
      fi
      return
    fi
  done
  case "$path $prev" in
${all.flatMap(valuesOf).join('')}  *)
    case $path in
${all.map(wordsOf).join('')}    esac
    [[ $cur == -* || $how == '' ]] && how="-W '$options'"
    ;;
  esac
  [[ $how == -d || $how == -f ]] && compopt -o filenames
  eval "mapfile -t COMPREPLY < <(compgen $how -- \\"\\$cur\\")"
}
complete -F _rootsync rootsync
`;
}

/** For each option that takes a value, how that is completed. */
function valuesOf({ path, options }: CommandWords): string[] {
  return options.flatMap(({ flags, short, long }) => {
    const value = placeholder(flags);
    if (value === '') return [];
    const names = [short, long].filter((name) => name !== undefined).map((name) => `'${path} ${name}'`);
    return [`  ${names.join(' | ')})\n    how=${quote(VALUES[value] ?? "-W ''")}\n    ;;\n`];
  });
}

function wordsOf({ path, options, below, arguments: args }: CommandWords): string {
  const names = options.flatMap(({ short, long }) => [short, long].filter((name) => name !== undefined));
  const [argument] = args;
  const how =
    below.length > 0
      ? words(below)
      : argument === undefined
        ? "-W ''"
        : (VALUES[argument.name().replace(/\W+$/, '')] ?? "-W ''");
  return `    '${path}')\n      options='${names.join(' ')}'\n      how=${quote(how)}\n      ;;\n`;
}

function words(list: readonly string[]): string {
  return `-W '${list.join(' ')}'`;
}

function quote(text: string): string {
  return `"${text}"`;
}
