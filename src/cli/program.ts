// The command line: which commands there are, what each takes and says in its --help. What a command does is in its own file, loaded when
// it is asked for.

import { Argument, Command, Option } from 'commander';
import { addExclude } from './exclude-words.ts';
import { BACKGROUND_FLAG, INSIDE_FLAG } from './entry.ts';
import { EXIT_HELP, FSCK_EXIT_HELP, RUN_EXIT_HELP } from './exit-codes.ts';
import type { FsckCommand } from './fsck.ts';
import { addMountOptions } from './mount-words.ts';
import { addAdd, addForget, addSync } from './flash-commands.ts';
import type { ModeOptions } from './mode.ts';
import { addLog, addWhy, MOUNT_CHOICE } from './question-commands.ts';
import { addAttach, addDetach, addRehearse } from './disk-commands.ts';
import type { Inside } from './run/namespace.ts';
import type { StatusOptions } from './status.ts';
import type { UmountOptions } from './umount.ts';
import { addUpgrade } from './upgrade-words.ts';

/** `done` gets the exit code of the command that was run. */
export function makeProgram(version: string, done: (exitCode: number) => void): Command {
  const program = new Command('rootsync')
    .description('serves the merge of a small flash over a big disk, and copies what is used to flash')
    .version(version)
    .enablePositionalOptions()
    .showHelpAfterError('(rootsync --help tells more)');
  addRun(program, done);
  addMount(program, done);
  addUmount(program, done);
  addStatus(program, done);
  addLog(program, done);
  addWhy(program, done);
  addAdd(program, done);
  addForget(program, done);
  addSync(program, done);
  addExclude(program, MOUNT_CHOICE, done);
  addMode(program, done);
  addRehearse(program, done);
  addUpgrade(program, done);
  addDetach(program, done);
  addAttach(program, done);
  addFsck(program, done);
  addCompletion(program, done);
  return program;
}

function addRun(program: Command, done: (exitCode: number) => void): void {
  const command = program
    .command('run')
    .summary('run a command in the merged root, capturing what it uses')
    .description(
      'Runs COMMAND in the merge of flash over disk, in a mount namespace of its own, and captures to flash all that COMMAND uses. ' +
        'An ordinary user gets a user namespace.',
    )
    .argument('<COMMAND...>', 'what to run, found in PATH in the merged root')
    .passThroughOptions()
    .usage('[options] [--] COMMAND...');
  const draft = addMountOptions(command);
  command
    .option('--flash-only', 'no merge: run COMMAND on the flash directory alone')
    .option('--verify', 'run COMMAND twice, capturing and then on flash alone, and say whether the result was the same')
    .option('--compare-output', 'with --verify: stdout must be the same too')
    .option('--chdir <DIR>', 'working directory in the merged root (default: the current one)')
    .option('--json', 'the summary as one line of JSON, the last one on stderr')
    .option('-q, --quiet', 'no summary')
    .addOption(new Option(`${INSIDE_FLAG} <KIND>`).hideHelp())
    .addHelpText('after', RUN_NOTES + RUN_EXIT_HELP)
    .action(async (words: string[]) => {
      const options = command.opts<RunOptions>();
      if (draft.remount) command.error('error: -o remount: run has a mount of its own, which ends with it');
      if (options.flashOnly && options.verify) command.error('error: --flash-only and --verify exclude each other');
      if (options.compareOutput && !options.verify) command.error('error: --compare-output needs --verify');
      const request = {
        draft,
        flashOnly: options.flashOnly ?? false,
        verify: options.verify ?? false,
        compareOutput: options.compareOutput ?? false,
        json: options.json ?? false,
        quiet: (options.quiet ?? false) || (options.json ?? false),
        chdir: options.chdir,
        command: words,
      };
      const { run } = await import('./run.ts');
      done(await run(request, options.inNamespace));
    });
}

interface RunOptions {
  readonly flashOnly?: true;
  readonly verify?: true;
  readonly compareOutput?: true;
  readonly json?: true;
  readonly quiet?: true;
  readonly chdir?: string;
  readonly inNamespace?: Inside;
}

const RUN_NOTES = `
disk is / unless --disk says otherwise; flash is a new directory in $TMPDIR or /var/tmp, named at the end.
COMMAND has the caller's environment, working directory, terminal and standard streams (other descriptors are not
passed on), and the host's own /proc, /sys, /dev, /run and /tmp. Ctrl-C and Ctrl-\\ of the terminal reach it by themselves; SIGTERM, SIGHUP,
SIGUSR1, SIGUSR2, SIGALRM and SIGPWR are passed on. Processes that it leaves behind get SIGTERM, and SIGKILL 5 s
later: a daemon that is to stay has to be waited for by COMMAND.
With --verify the second run finds what the first one changed on flash, and what it left of stdin.
With --compare-output stdout of COMMAND is a pipe.
`;

function addMount(program: Command, done: (exitCode: number) => void): void {
  const command = program
    .command('mount')
    .summary('mount the merge of flash over disk')
    .description(
      'Mounts the merge of flash over disk; returns once the mount answers. With -o remount,... it changes the mode of a live mount, ' +
        "and the kernel's own flags (ro, nosuid ...); all else stays as it was mounted.",
    )
    .argument('<MOUNTPOINT>', 'an existing directory')
    .usage('--flash DIR --disk DIR [options] MOUNTPOINT');
  const draft = addMountOptions(command);
  command
    .option('-f, --foreground', 'serve in this process until it is unmounted or gets SIGTERM, SIGINT or SIGHUP')
    .addOption(new Option(BACKGROUND_FLAG).hideHelp())
    .addHelpText('after', EXIT_HELP)
    .action(async (mountpoint: string) => {
      const { foreground, inBackground } = command.opts<{ foreground?: true; inBackground?: true }>();
      const { mount } = await import('./mount.ts');
      done(await mount({ draft, mountpoint, foreground: foreground ?? false, background: inBackground ?? false }));
    });
}

function addUmount(program: Command, done: (exitCode: number) => void): void {
  const command = program
    .command('umount')
    .summary('finish all copies, then unmount')
    .description('Has the daemon of a mount finish all copies and unmount, and waits for its end.')
    .argument('[MOUNTPOINT]', 'which mount (as --mount)')
    .option(...MOUNT_CHOICE)
    .option('--lazy', 'detach the mount even if it is in use; what is open stays usable until it is closed')
    .addHelpText('after', EXIT_HELP)
    .action(async (mountpoint: string | undefined) => {
      const { umount } = await import('./umount.ts');
      done(await umount(mountpoint, command.opts<UmountOptions>()));
    });
}

function addStatus(program: Command, done: (exitCode: number) => void): void {
  const command = program
    .command('status')
    .summary('say what a mount is and does')
    .description('Says what a mount is and does.')
    .option(...MOUNT_CHOICE)
    .option('--json', 'as one JSON object')
    .addHelpText('after', EXIT_HELP)
    .action(async () => {
      const { status } = await import('./status.ts');
      done(await status(command.opts<StatusOptions>()));
    });
}

function addMode(program: Command, done: (exitCode: number) => void): void {
  const command = program
    .command('mode')
    .summary('say or switch the mode of a mount')
    .description(
      'Says which mode a mount is in, or switches it: at once for whatever is used from now on, and until it is switched again, ' +
        'over unmounts too.',
    )
    .argument('[MODE]', 'capture, hold, upgrade or rehearse')
    .option(...MOUNT_CHOICE)
    .addHelpText('after', MODE_NOTES + EXIT_HELP)
    .action(async (wanted: string | undefined) => {
      const { mode } = await import('./mode.ts');
      done(await mode(wanted, command.opts<ModeOptions>()));
    });
}

const MODE_NOTES = `
  capture   what is used is copied to flash
  hold      nothing is copied
  upgrade   nothing is copied; changes go to disk, and flash follows for what it holds
  rehearse  only flash shows; the log says what disk alone could have answered
In all but upgrade changes go to flash. SIGUSR1 to the mount's daemon is hold, SIGUSR2 capture.
`;

function addFsck(program: Command, done: (exitCode: number) => void): void {
  const command = program
    .command('fsck')
    .summary('check a flash that is not mounted')
    .description(
      'Checks what flash remembers (.rootsync) against flash and disk, while no mount uses them. Neither tree is ever changed.',
    )
    .requiredOption('--flash <DIR>', 'the flash directory')
    .requiredOption('--disk <DIR>', 'the disk that it is used with')
    .option('--repair', 'remove leftovers of copying, cut a torn log, drop marks that mean nothing')
    .option('--json', 'as one JSON object')
    .addHelpText('after', FSCK_EXIT_HELP)
    .action(async () => {
      const { fsckCommand } = await import('./fsck.ts');
      done(fsckCommand(command.opts<FsckCommand>()));
    });
}

function addCompletion(program: Command, done: (exitCode: number) => void): void {
  program
    .command('completion')
    .summary('print a script that completes rootsync on a command line')
    .description(
      'Prints a script for a shell. For bash: rootsync completion bash > /etc/bash_completion.d/rootsync, or source <(rootsync completion bash).',
    )
    .addArgument(new Argument('<SHELL>', 'bash').choices(['bash']))
    .action(async () => {
      const { completion } = await import('./completion.ts');
      done(completion(program));
    });
}
