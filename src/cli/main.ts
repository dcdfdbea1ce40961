// Where the program begins: parses the command line, runs one command, ends with its exit code.

import { CommanderError } from 'commander';
import type { Command } from 'commander';
import { VERSION } from '../daemon/version.ts';
import { LAUNCH_WORD } from './entry.ts';
import { EXIT, FSCK_EXIT, RUN_EXIT } from './exit-codes.ts';
import { Failure } from './live-mount.ts';
import { makeProgram } from './program.ts';
import { say } from './say.ts';

const [, , first, second] = process.argv;

if (first === LAUNCH_WORD) {
  const { launch } = await import('./run/launch.ts');
  process.exit(launch(second ?? ''));
}
process.exit(await runCommand());

async function runCommand(): Promise<number> {
  let exitCode: number = EXIT.ok;
  const program = makeProgram(VERSION, (code) => (exitCode = code));
  throwAtExit(program);
  try {
    await program.parseAsync();
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : usageExit();
    if (!(error instanceof Failure)) throw error;
    say(error.message);
    return error.exitCode;
  }
}

/** Has a command and those below it throw where they would end the process. */
function throwAtExit(command: Command): void {
  command.exitOverride();
  for (const below of command.commands) throwAtExit(below);
}

function usageExit(): number {
  if (first === 'fsck') return FSCK_EXIT.usage;
  return first === 'run' || first === 'rehearse' ? RUN_EXIT.failed : EXIT.usage;
}
