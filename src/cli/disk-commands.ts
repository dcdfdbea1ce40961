// The commands that do without disk: what each takes and says in its --help.

import { Option, type Command } from 'commander';
import type { DetachOptions } from './detach.ts';
import { INSIDE_FLAG } from './entry.ts';
import { EXIT_HELP, REHEARSE_EXIT_HELP } from './exit-codes.ts';
import { MOUNT_CHOICE } from './question-commands.ts';
import type { Inside } from './run/namespace.ts';

interface RehearseOptions {
  readonly mount?: string;
  readonly list?: string;
  readonly json?: true;
  readonly quiet?: true;
  readonly chdir?: string;
  readonly inNamespace?: Inside;
}

const REHEARSE_NOTES = `
What is missing is told on stderr at the end, each name once, with the process that asked for it first and its parents. COMMAND runs as with
rootsync run: the caller's environment, working directory, terminal and standard streams, the host's /proc, /sys, /dev, /run and /tmp; processes
that it leaves behind are ended. Meanwhile the whole mount is in rehearse, for all who use it; then the mode is what it was, also
where rootsync is killed. The list is for rootsync add --from FILE.
`;

export function addRehearse(program: Command, done: (exitCode: number) => void): void {
  const command = program
    .command('rehearse')
    .summary('run a command on what flash has, and say what it lacks')
    .description(
      'Runs COMMAND in the merged root of a live mount while only flash shows, and says which names that disk alone has were asked for, and by whom.',
    )
    .argument('<COMMAND...>', 'what to run, found in PATH on flash')
    .passThroughOptions()
    .usage('[options] [--] COMMAND...')
    .option(...MOUNT_CHOICE)
    .option('--list <FILE>', 'write the paths that are missing to FILE (-: stdout), for rootsync add --from')
    .option('--chdir <DIR>', 'working directory in the merged root (default: the current one, else /)')
    .option('--json', 'what was missed as one line of JSON, the last one on stderr')
    .option('-q, --quiet', 'do not say what was missed')
    .addOption(new Option(`${INSIDE_FLAG} <KIND>`).hideHelp())
    .addHelpText('after', REHEARSE_NOTES + REHEARSE_EXIT_HELP)
    .action(async (words: string[]) => {
      const options = command.opts<RehearseOptions>();
      const { rehearse } = await import('./rehearse.ts');
      const { mount, list, chdir, json = false, quiet = false } = options;
      done(await rehearse({ mount, list, chdir, json, quiet, command: words }, options.inNamespace));
    });
}

const DETACH_NOTES = `
The mode is rehearse until rootsync attach. Sockets and fifos that are in use stay where programs find them. Where files are open from disk
they are listed with the processes that have them, nothing is changed, and the exit code is 9.
`;

export function addDetach(program: Command, done: (exitCode: number) => void): void {
  const command = program
    .command('detach')
    .summary('do without disk, so that it can be unmounted or pulled out')
    .description(
      'Has a mount drop all that refers to its disk, so that disk can be unmounted while the system runs from flash alone.',
    )
    .option(...MOUNT_CHOICE)
    .option('--wait [SECONDS]', 'wait until files that are open from disk are closed')
    .option('--force', 'cut files that are open from disk: who reads them gets an error')
    .addHelpText('after', DETACH_NOTES + EXIT_HELP)
    .action(async () => {
      const { detach } = await import('./detach.ts');
      done(await detach(command.opts<DetachOptions>()));
    });
}

export function addAttach(program: Command, done: (exitCode: number) => void): void {
  const command = program
    .command('attach')
    .summary('take a detached disk back')
    .description(
      'Takes the disk back that was detached, from where it was or from DISK, and turns to the mode before. Another disk is refused.',
    )
    .argument('[DISK]', 'the directory where disk is now')
    .option(...MOUNT_CHOICE)
    .addHelpText('after', EXIT_HELP)
    .action(async (disk: string | undefined) => {
      const { attach } = await import('./detach.ts');
      done(await attach(disk, command.opts<{ mount?: string }>()));
    });
}
