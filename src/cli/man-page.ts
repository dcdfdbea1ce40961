// The man page, in man(7) macros, made from what --help is made from. Pure: the program in, text out.

import type { Command } from 'commander';
import { commandTree, textAfter, type CommandWords } from './command-tree.ts';
import { EXIT_HELP } from './exit-codes.ts';
import { roffItem, roffLines, roffText } from './roff.ts';

/** `date`: of the build, `2026-01-31`. */
export function manPage(program: Command, version: string, date: string): string {
  const [top, ...commands] = commandTree(program);
  if (top === undefined) return '';
  return [
    `.TH ROOTSYNC 1 "${date}" "rootsync ${version}" "User Commands"`,
    '.SH NAME',
    `rootsync \\- ${roffText(program.description())}`,
    '.SH SYNOPSIS',
    commands
      .filter(isLeaf)
      .map(({ path, command }) => `.B ${roffText(path)}\n${roffText(command.usage())}`)
      .join('\n.br\n'),
    '.SH COMMANDS',
    ...commands.flatMap(describe),
    '.SH EXIT STATUS',
    'If the command has no exit codes of its own above:',
    ...roffLines(EXIT_HELP.replace(/^\s*Exit codes:\n/, '')),
    '.SH SEE ALSO',
    '.BR mount.rootsync (8),',
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
    `.SS ${roffText(path)}`,
    roffText(command.description()),
    ...options.flatMap(({ flags, description }) => roffItem(flags, description)),
    ...(after === '' ? [] : ['.PP', ...roffLines(after)]),
  ];
}
