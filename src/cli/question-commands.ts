// The commands that ask what happened, and why: what each takes and says in its --help.

import type { Command } from 'commander';
import { EVENT_KINDS } from '../capture/event.ts';
import { EXIT_HELP } from './exit-codes.ts';
import type { LogOptions } from './log.ts';
import type { WhyOptions } from './why.ts';

export const MOUNT_CHOICE = [
  '-m, --mount <DIR>',
  'which mount (default: the only one, or the one the current directory is in)',
] as const;

export const PATHS_HELP = `
PATH is one of the merged root, as programs in it have it: /usr/bin/perl, wherever that root is mounted. A relative PATH continues the
current directory where that is in the mount, and the merged root's own where it is not.
`;

export function addLog(program: Command, done: (exitCode: number) => void): void {
  const command = program
    .command('log')
    .summary('say what was captured, changed and skipped, for whom and why')
    .description(
      'Prints the event log, oldest first: time, kind, path, what was done and which process asked. With PATH, only events of it and of what is below.',
    )
    .argument('[PATH...]', 'in the merged root')
    .option(...MOUNT_CHOICE)
    .option('--flash <DIR>', 'the log of this flash, mounted or not')
    .option('-f, --follow', 'go on as events come')
    .option('--kind <KIND,...>', 'only these kinds', (list: string, lists?: string[]) => [...(lists ?? []), list])
    .option('--since <TIME>', 'only from then on: 2026-01-31, 2026-01-31T12:30 (local time), or 90s, 10m, 2h, 7d ago')
    .option('--json', 'the lines of the log as they are, one JSON object each')
    .addHelpText('after', `\nKinds: ${[...EVENT_KINDS, 'lost'].join(', ')}.${PATHS_HELP}${EXIT_HELP}`)
    .action(async (paths: string[]) => {
      const { log } = await import('./log.ts');
      done(await log(paths, command.opts<LogOptions>()));
    });
}

export function addWhy(program: Command, done: (exitCode: number) => void): void {
  const command = program
    .command('why')
    .summary('say why something is on flash, or is not')
    .description(
      'Says of each PATH whether flash has it and why: what used it first and later, when, for whom and in which mode; or what kept it from flash.',
    )
    .argument('<PATH...>', 'in the merged root')
    .option(...MOUNT_CHOICE)
    .option('--flash <DIR>', 'ask this flash, mounted or not')
    .option('--disk <DIR>', 'with --flash: the disk that it is used with')
    .option('--json', 'as a JSON array')
    .addHelpText('after', PATHS_HELP + EXIT_HELP)
    .action(async (paths: string[]) => {
      const { why } = await import('./why.ts');
      done(await why(paths, command.opts<WhyOptions>()));
    });
}
