// The words of `rootsync exclude`: its four commands, what each takes and says in its --help.

import type { Command } from 'commander';
import type { ExcludeOptions } from './exclude.ts';
import { EXIT_HELP } from './exit-codes.ts';
import { addMountOptions } from './mount-words.ts';

const RULES_HELP = `
A rule is a glob on absolute paths of the merged root. The last rule that matches a path decides; !GLOB takes back:
  /var/log      that path and all below it; directories there are made on flash, without their files
  /var/log/**   all below it, directories too
  '*.swp'       no slash: a name at any depth, and all below it
The built-in rules come first, then those of --exclude and --exclude-from as they were given to the mount, then live ones.
`;

const LIVE_HELP = `
Live rules hold at once, and for every later mount of this flash until they are removed: they are kept in its
.rootsync/excludes. A rule that is added again becomes the last one. What is on flash already stays there,
until rootsync forget drops it.
`;

const OFFLINE_HELP = `
The rules are those of a live mount; with --exclude or --exclude-from, those of a mount that would be given them; with
--built-in, or where nothing is mounted, the built-in ones. The first line says which.
`;

/** `done` gets the exit code of the command that was run. */
export function addExclude(
  program: Command,
  mountChoice: readonly [flags: string, help: string],
  done: (exitCode: number) => void,
): void {
  const exclude = program
    .command('exclude')
    .summary('show, test and change what is never captured')
    .description('Shows, tests and changes the rules that keep paths away from flash.')
    .addHelpText('after', RULES_HELP + LIVE_HELP);
  addList(exclude, mountChoice, done);
  addTest(exclude, mountChoice, done);
  addChange(exclude, mountChoice, done, 'add');
  addChange(exclude, mountChoice, done, 'rm');
}

type Add = Parameters<typeof addExclude>;

function addList(exclude: Command, mountChoice: Add[1], done: Add[2]): void {
  const command = exclude
    .command('list')
    .summary('the rules in force, in order, each with its source')
    .description('Prints the rules in their order, each with its source: built-in and why, FILE:LINE, option, live.')
    .option(...mountChoice)
    .option('--built-in', 'not of a mount: the built-in rules')
    .option('--json', 'as one JSON object');
  const { exclude: offline } = addMountOptions(command, EXCLUDE_OPTIONS);
  command.addHelpText('after', OFFLINE_HELP + EXIT_HELP).action(async () => {
    const { listExcludes } = await import('./exclude.ts');
    done(await listExcludes(offline, command.opts<ExcludeOptions>()));
  });
}

function addTest(exclude: Command, mountChoice: Add[1], done: Add[2]): void {
  const command = exclude
    .command('test')
    .summary('say which rule decides about a path')
    .description('Says which rule decides about each PATH, and whether it is excluded. Nothing needs to exist there.')
    .argument('<PATH...>', 'as in the merged root, whatever it is mounted on; in the mount, also relative')
    .option(...mountChoice)
    .option('--built-in', 'not of a mount: the built-in rules')
    .option('--json', 'as one JSON object');
  const { exclude: offline } = addMountOptions(command, EXCLUDE_OPTIONS);
  command.addHelpText('after', OFFLINE_HELP + RULES_HELP + EXIT_HELP).action(async (paths: string[]) => {
    const { testExcludes } = await import('./exclude.ts');
    done(await testExcludes(paths, offline, command.opts<ExcludeOptions>()));
  });
}

function addChange(exclude: Command, mountChoice: Add[1], done: Add[2], name: 'add' | 'rm'): void {
  const says = {
    add: ['add rules to a live mount', 'Adds rules after all others; all of them, or none where one is bad.'],
    rm: ['remove rules that were added', 'Removes rules that were added to a live mount; all of them, or none.'],
  } as const;
  const [summary, description] = says[name];
  const command = exclude
    .command(name)
    .summary(summary)
    .description(description)
    .argument('<GLOB...>', name === 'add' ? 'as for --exclude' : 'as exclude list shows it')
    .option(...mountChoice)
    .addHelpText('after', LIVE_HELP + RULES_HELP + EXIT_HELP)
    .action(async (globs: string[]) => {
      const { changeExcludes } = await import('./exclude.ts');
      done(await changeExcludes(`exclude-${name}`, globs, command.opts<ExcludeOptions>()));
    });
}

const EXCLUDE_OPTIONS = ['exclude', 'exclude-from'];
