// What an upgrade has changed: for people, by branch, and as one line of JSON.

import type { Change, Changes } from '../../control/protocol.ts';
import { showSize } from '../../daemon/size.ts';
import { printable } from '../event-line.ts';
import { Failure } from '../live-mount.ts';
import { say, writeAll } from '../say.ts';
import type { CommandEnd } from './mounted-run.ts';

export interface Upgraded extends Changes {
  readonly ended: CommandEnd;
  /** Paths changed on disk that flash has no room for, or cannot take. What somebody is writing is on flash as it was at the end. */
  readonly behind: number;
}

/** Paths of one branch that people are told; --json tells all. */
const MOST = 40;

const BRANCHES: readonly (readonly [Change['on'], string])[] = [
  ['both', 'on flash and disk'],
  ['flash', 'on flash alone'],
  ['disk', 'on disk alone'],
];
const SIGNS: Readonly<Record<Change['what'], string>> = { added: '+', changed: ' ', removed: '-' };

/** Of a dry run: bytes that flash would need, and has. */
export interface Needs {
  readonly flash: number;
  readonly free: number;
}

/** On stderr, since stdout is COMMAND's. */
export function tellChanges(
  { ended, changed, more, behind }: Upgraded,
  { json, quiet }: { readonly json: boolean; readonly quiet: boolean },
  needs?: Needs,
): void {
  const failure = ended instanceof Failure ? ended.message : undefined;
  if (json) {
    const signal = ended instanceof Failure ? null : ended.signal;
    const told = {
      exitCode: ended.exitCode,
      signal,
      failure: failure ?? null,
      changed,
      more,
      behind,
      ...(needs && { needs }),
    };
    writeAll(2, `${JSON.stringify(told)}\n`);
    return;
  }
  if (failure !== undefined) say(failure);
  else if (ended.exitCode !== 0) say(`the command failed (${String(ended.exitCode)})`);
  if (!quiet) {
    const what = needs === undefined ? 'changed' : 'would be changed';
    for (const [on, where] of BRANCHES) tellBranch(changed, on, `${what} ${where}`);
    if (changed.length === 0) say(needs === undefined ? 'nothing was changed' : 'nothing would be changed');
    if (more > 0) say(`more was changed than is kept: ${String(more)} further changes`);
  }
  if (needs !== undefined && needs.flash > 0) {
    const room = needs.flash > needs.free ? `, and has ${showSize(needs.free)} free: not enough` : '';
    say(`flash would need ${showSize(needs.flash)} more${room}`);
  }
  if (behind > 0) {
    const why = 'rootsync log --kind error says why, rootsync sync tries again';
    say(`flash is not in sync: ${String(behind)} of the paths that changed on disk have still to follow; ${why}`);
  }
}

function tellBranch(changed: readonly Change[], on: Change['on'], what: string): void {
  const here = changed.filter((change) => change.on === on);
  if (here.length === 0) return;
  const lines = here
    .slice(0, MOST)
    .map(({ path, what }) => `\n  ${SIGNS[what]} ${printable(path)}`)
    .join('');
  const rest = here.length > MOST ? `\n  and ${String(here.length - MOST)} more, which --json names` : '';
  say(`${what}: ${String(here.length)}${lines}${rest}`);
}
