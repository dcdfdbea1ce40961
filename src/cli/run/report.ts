// What a run says at its end: what it captured, and whether flash alone gave the same.

import { display } from '../../bytes.ts';
import { Failure } from '../live-mount.ts';
import { say, writeAll } from '../say.ts';
import type { RunRequest } from './options.ts';
import type { Captured, Outcome } from './outcome.ts';
import { biggestFiles, describeCapture } from './summary.ts';

const STDERR = 2;

export function reportCapture(flash: string, { status, seconds }: Captured): void {
  say(describeCapture(status, seconds, biggestFiles(flash)));
  say(`flash is ${flash}`);
}

/** The whole run as one line on stderr; `alone` where it was verified. */
export function reportJson(
  request: RunRequest,
  flash: string,
  { outcome, status, seconds }: Captured,
  alone: Outcome | Failure | undefined,
): void {
  const { counts, bytes, events, space, disk } = status;
  const biggest = biggestFiles(flash).map((file) => ({ path: `/${display(file.path)}`, bytes: file.bytes }));
  const verified = alone && { same: sameResult(request, outcome, alone), ...shown(alone) };
  const { command } = request;
  const run = { flash, disk, command, ...shown(outcome), counts, bytes, events, space, biggest, seconds, verified };
  writeAll(STDERR, `${JSON.stringify(run)}\n`);
}

function shown(outcome: Outcome | Failure): object {
  if (outcome instanceof Failure) return { exitCode: outcome.exitCode, error: outcome.message };
  return { exitCode: outcome.exitCode, outputHash: outcome.outputHash };
}

/** Whether both runs gave the same, as far as it was to be compared. */
export function sameResult(request: RunRequest, merged: Outcome, alone: Outcome | Failure): boolean {
  if (alone instanceof Failure) return false;
  return merged.exitCode === alone.exitCode && (!request.compareOutput || merged.outputHash === alone.outputHash);
}

/** A difference is told whatever was asked for. */
export function reportVerdict(request: RunRequest, merged: Outcome, alone: Outcome | Failure): void {
  if (!sameResult(request, merged, alone)) {
    say(`NOT the same on flash alone: ${difference(merged, alone)}`);
  } else if (!request.quiet) {
    say(`the same on flash alone: ${ending(merged)}${request.compareOutput ? ', same output' : ''}`);
  }
}

function difference(merged: Outcome, alone: Outcome | Failure): string {
  if (alone instanceof Failure) return alone.message;
  if (merged.exitCode === alone.exitCode) return `${ending(alone)} both times, but the output differs`;
  return `${ending(alone)}, in the merged root ${ending(merged)}`;
}

function ending({ exitCode, signal }: Outcome): string {
  return signal === null ? `exit code ${exitCode}` : `ended by ${signal}`;
}
