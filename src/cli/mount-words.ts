// The options of a mount on a command line: `--NAME VALUE` for each of the table's, and `-o`, all into one draft in the order in which they stand.

import type { Command } from 'commander';
import { MOUNT_OPTIONS, applyOption, applyOptionList, newDraft, type MountDraft } from '../daemon/mount-options.ts';

/** Adds the options, or those `only`, to a command; the draft that parsing fills. */
export function addMountOptions(command: Command, only?: readonly string[]): MountDraft {
  const draft = newDraft();
  const refuse = (option: string, wrong: string | undefined): void => {
    if (wrong !== undefined) command.error(`error: ${option}: ${wrong}`);
  };
  for (const { name, value, help } of MOUNT_OPTIONS) {
    if (only?.includes(name) === false) continue;
    command.option(value === undefined ? `--${name}` : `--${name} <${value}>`, help);
    command.on(`option:${name}`, (given: string | null) => {
      refuse(`--${name}`, applyOption(draft, name, value === undefined ? undefined : (given ?? '')));
    });
  }
  if (only !== undefined) return draft;
  command.option(
    '-o <OPTION,...>',
    'any of these as NAME=VALUE, and what mount(8) knows (ro, nosuid, nodev, noexec ...)',
  );
  command.on('option:o', (list: string) => refuse('-o', applyOptionList(draft, list)));
  return draft;
}
