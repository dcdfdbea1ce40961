// How COMMAND ended, and what the run has captured by then.

import type { Status } from '../../control/protocol.ts';
import type { CommandResult } from './launcher.ts';

export interface Outcome extends CommandResult {
  /** SHA-256 of stdout, where it was to be compared. */
  readonly outputHash: string | undefined;
}

export interface Seconds {
  readonly start: number;
  readonly command: number;
  readonly finish: number;
}

export interface Captured {
  readonly outcome: Outcome;
  readonly status: Status;
  readonly seconds: Seconds;
}
