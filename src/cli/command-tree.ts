// The commands as data, for what is made from the same source as --help: shell completion and the man page.

import type { Argument, Command, Option } from 'commander';

export interface CommandWords {
  /** With those above it: `rootsync exclude add`. */
  readonly path: string;
  readonly command: Command;
  readonly options: readonly Option[];
  readonly arguments: readonly Argument[];
  readonly below: readonly string[];
}

/** `program` and all commands below it, each after the one above it. */
export function commandTree(program: Command): CommandWords[] {
  const visit = (command: Command, above: string): CommandWords[] => {
    const path = above === '' ? command.name() : `${above} ${command.name()}`;
    const help = command.createHelp();
    const below = help.visibleCommands(command).filter((one) => one.name() !== 'help');
    const words = { path, command, options: help.visibleOptions(command), arguments: command.registeredArguments };
    return [{ ...words, below: below.map((one) => one.name()) }, ...below.flatMap((one) => visit(one, path))];
  };
  return visit(program, '');
}

/** What an option or argument takes, as --help calls it: `DIR`, `KIND`; empty for a switch. */
export function placeholder(flags: string): string {
  return /[<[]([A-Z]+)[^\]>]*[\]>]/.exec(flags)?.[1] ?? '';
}

/** The text that --help shows behind the options. */
export function textAfter(command: Command): string {
  let text = '';
  // commander's own way to ask for it; its types do not show that a command is an emitter.
  (command as Command & Pick<NodeJS.EventEmitter, 'emit'>).emit('afterHelp', {
    error: false,
    command,
    write: (more: string) => void (text += more),
  });
  return text;
}
