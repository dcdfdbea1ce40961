// The man page, in man(7) macros, made from what --help is made from. Pure: the program in, text out.

import type { Command } from 'commander';
import { commandTree, textAfter, type CommandWords } from './command-tree.ts';
import { EXIT_HELP } from './exit-codes.ts';

/** `date`: of the build, `2026-01-31`. */
export function manPage(program: Command, version: string, date: string): string {
  const [top, ...commands] = commandTree(program);
  if (top === undefined) return '';
  return [
    `.TH ROOTSYNC 1 "${date}" "rootsync ${version}" "User Commands"`,
    '.SH NAME',
    `rootsync \\- ${escape(program.description())}`,
    '.SH SYNOPSIS',
    commands
      .filter(isLeaf)
      .map(({ path, command }) => `.B ${escape(path)}\n${escape(command.usage())}`)
      .join('\n.br\n'),
    '.SH COMMANDS',
    ...commands.flatMap(describe),
    '.SH EXIT STATUS',
    'If the command has no exit codes of its own above:',
    ...preformatted(EXIT_HELP.replace(/^\s*Exit codes:\n/, '')),
    '.SH SEE ALSO',
    '.BR mount (8),',
    '.BR fuse (4)',
    '',
  ].join('\n');
}

function isLeaf({ below }: CommandWords): boolean {
  return below.length === 0;
}

function describe({ path, command, options }: CommandWords): string[] {
  const after = textAfter(command).replace(EXIT_HELP.trim(), '').trim();
  return [
    `.SS ${escape(path)}`,
    escape(command.description()),
    ...options.flatMap(({ flags, description }) => ['.TP', `.B ${escape(flags)}`, escape(description)]),
    ...(after === '' ? [] : ['.PP', ...preformatted(after)]),
  ];
}

/** Lines as they are. */
function preformatted(text: string): string[] {
  return ['.nf', ...text.replace(/\n+$/, '').split('\n').map(escape), '.fi'];
}

/** Text that roff shows as it is. */
function escape(text: string): string {
  return text
    .replace(/\\/g, '\\e')
    .replace(/-/g, '\\-')
    .replace(/^([.'])/gm, '\\&$1');
}
