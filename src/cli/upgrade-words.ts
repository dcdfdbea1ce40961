// `rootsync upgrade`: what it takes and says in its --help.

import { Option, type Command } from 'commander';
import { INSIDE_FLAG } from './entry.ts';
import { UPGRADE_EXIT_HELP } from './exit-codes.ts';
import { MOUNT_CHOICE } from './question-commands.ts';
import type { Inside } from './run/namespace.ts';

interface UpgradeOptions {
  readonly mount?: string;
  readonly dryRun?: true;
  readonly json?: true;
  readonly quiet?: true;
  readonly chdir?: string;
  readonly inNamespace?: Inside;
}

const NOTES = `
What was changed is told on stderr at the end, by branch: + is new, - is gone. It is what is not as it was, whoever changed it. COMMAND runs as with rootsync
run: the caller's environment, working directory, terminal and standard streams, the host's /proc, /sys, /dev, /run and /tmp; processes that it
leaves behind are ended. Meanwhile the whole mount is in upgrade, for all who use it; then the mode is what it was, also where rootsync is killed.

With --dry-run COMMAND runs in a second mount, of overlays (overlayfs) over flash and disk in $TMPDIR or /var/tmp. What COMMAND does elsewhere, in /run, /tmp or
to services, it does all the same. It needs root, and the live mount is to be left alone meanwhile.
`;

export function addUpgrade(program: Command, done: (exitCode: number) => void): void {
  const command = program
    .command('upgrade')
    .summary('run a command that changes disk, with flash following')
    .description(
      'Runs COMMAND (apt-get -y upgrade, for one) in the merged root of a live mount in mode upgrade: what it changes is changed on disk, and flash follows for the ' +
        'paths that it holds. Waits until flash is in sync, and says what was changed.',
    )
    .argument('<COMMAND...>', 'what to run, found in PATH in the merged root')
    .passThroughOptions()
    .usage('[options] [--] COMMAND...')
    .option(...MOUNT_CHOICE)
    .option('--dry-run', 'change nothing: run COMMAND on copies that are thrown away, and say what would be changed')
    .option('--chdir <DIR>', 'working directory in the merged root (default: the current one, else /)')
    .option('--json', 'what was changed as one line of JSON, the last one on stderr')
    .option('-q, --quiet', 'do not say what was changed')
    .addOption(new Option(`${INSIDE_FLAG} <KIND>`).hideHelp())
    .addHelpText('after', NOTES + UPGRADE_EXIT_HELP)
    .action(async (words: string[]) => {
      const options = command.opts<UpgradeOptions>();
      const { upgrade } = await import('./upgrade.ts');
      const { mount, chdir, json = false, quiet = false, dryRun = false } = options;
      done(await upgrade({ mount, chdir, json, quiet, dryRun, command: words }, options.inNamespace));
    });
}
