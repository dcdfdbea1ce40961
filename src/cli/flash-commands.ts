// The commands that change what flash has of a live mount: what each takes and says in its --help.

import type { Command } from 'commander';
import type { ChangeOptions } from './change-flash.ts';
import { EXIT_HELP } from './exit-codes.ts';
import { MOUNT_CHOICE, PATHS_HELP } from './question-commands.ts';

const FROM_HELP = `
A list has one path per line, or paths that each end with a NUL (find -print0); a line may also be one of the event log: rootsync log --json --kind miss | rootsync add --from -
`;

export function addAdd(program: Command, done: (exitCode: number) => void): void {
  const command = program
    .command('add')
    .summary('capture files now, without waiting for their use')
    .description(
      'Captures each PATH with all that is below it, the symlinks on the way, what they lead to, and the directories above. The mode and ' +
        'the exclude rules have no say about PATH itself; below it the rules hold, unless they exclude PATH too.',
    )
    .argument('[PATH...]', 'in the merged root')
    .option(...MOUNT_CHOICE)
    .option('--from <FILE>', 'further paths from a list (-: stdin)')
    .option('--json', 'what was done as one JSON object')
    .addHelpText('after', PATHS_HELP + FROM_HELP + EXIT_HELP)
    .action(async (paths: string[]) => {
      const { add } = await import('./change-flash.ts');
      done(await add(paths, command.opts<ChangeOptions>()));
    });
}

export function addForget(program: Command, done: (exitCode: number) => void): void {
  const command = program
    .command('forget')
    .summary("drop files from flash; their next use captures disk's anew")
    .description(
      "Drops flash's copy of each PATH and of all that is below it, so that disk's shows again. What disk lacks, what was changed on flash " +
        'and what is open is kept, and named.',
    )
    .argument('[PATH...]', 'in the merged root')
    .option(...MOUNT_CHOICE)
    .option('--from <FILE>', 'further paths from a list (-: stdin)')
    .option('--force', 'drop what was changed on flash, too: the changes are lost')
    .option('--json', 'what was done as one JSON object')
    .addHelpText('after', PATHS_HELP + FROM_HELP + EXIT_HELP)
    .action(async (paths: string[]) => {
      const { forget } = await import('./change-flash.ts');
      done(await forget(paths, command.opts<ChangeOptions>()));
    });
}

export function addSync(program: Command, done: (exitCode: number) => void): void {
  const command = program
    .command('sync')
    .summary('finish all copies, and wait until flash is durable')
    .description('Waits until nothing is left to copy, and files, marks and the event log are durable on flash.')
    .option(...MOUNT_CHOICE)
    .addHelpText('after', EXIT_HELP)
    .action(async () => {
      const { sync } = await import('./change-flash.ts');
      done(await sync(command.opts<ChangeOptions>()));
    });
}
