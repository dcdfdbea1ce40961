// What a rehearsal missed: as a list for `rootsync add --from`, for people, and as one line of JSON.

import { asBytes, fromText } from '../../bytes.ts';
import type { Miss } from '../../control/protocol.ts';
import { pathOf } from '../../report/records.ts';
import { describeProcess, printable } from '../event-line.ts';
import { Failure } from '../live-mount.ts';
import type { CommandResult } from '../run/launcher.ts';
import { say, writeAll } from '../say.ts';

export interface Rehearsed {
  /** How COMMAND ended, or why it did not begin. */
  readonly ended: CommandResult | Failure;
  /** What COMMAND, or a process that it started, asked for first; and what everybody lacks. */
  readonly own: readonly Miss[];
  /** What others asked for meanwhile. */
  readonly others: number;
  /** Not kept. */
  readonly more: number;
}

/** One path per line; one that is no plain line as a line of the event log, which `add --from` takes too. */
export function listOf(misses: readonly Miss[]): Buffer {
  const lines = misses.map((miss) => {
    const path = asBytes(`/${pathOf(miss)}`);
    if (!path.includes('\n')) return path;
    const pathBytes = Buffer.from(path, 'latin1').toString('hex');
    return fromText(JSON.stringify({ v: 1, kind: 'miss', path: printable(miss.path), pathBytes }));
  });
  return Buffer.from(lines.map((line) => `${line}\n`).join(''), 'latin1');
}

/** On stderr, since stdout is COMMAND's. */
export function tellMisses(rehearsed: Rehearsed, options: { readonly json: boolean; readonly quiet: boolean }): void {
  const { ended, own, others, more } = rehearsed;
  const failure = ended instanceof Failure ? ended.message : undefined;
  if (options.json) {
    const signal = ended instanceof Failure ? null : ended.signal;
    const told = { exitCode: ended.exitCode, signal, failure: failure ?? null, misses: own, others, more };
    writeAll(2, `${JSON.stringify(told)}\n`);
    return;
  }
  if (failure !== undefined) say(failure);
  if (options.quiet) return;
  if (own.length === 0) say('flash lacks nothing of what was asked for');
  else say(`flash lacks ${String(own.length)} of what was asked for${own.map(line).join('')}`);
  if (others > 0)
    say(`${String(others)} more were asked for by other processes meanwhile: see rootsync log --kind miss`);
  if (more > 0) say(`${String(more)} more are in the log alone: see rootsync log --kind miss`);
}

function line({ path, objectKind, operation, requester }: Miss): string {
  const kind = objectKind === 'file' ? '' : ` (${objectKind})`;
  if (requester === null) return `\n  ${printable(path)}${kind}${operation === 'mount' ? ', mounted on' : ''}`;
  const chain = [requester, ...requester.parents.slice(0, MOST_PARENTS)].map(describeProcess).join(' < ');
  return `\n  ${printable(path)}${kind} by ${chain}`;
}

const MOST_PARENTS = 3;
