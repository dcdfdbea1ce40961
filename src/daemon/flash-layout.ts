// Our own directory on flash, `.rootsync`: made where it is missing, held by one daemon at a time, its stage swept.

import { asBytes } from '../bytes.ts';
import { EAGAIN, EEXIST, errnoName } from '../errno.ts';
import { openStage } from '../copy/stage.ts';
import type { Stage } from '../copy/stage.ts';
import { mkdirat } from '../sys/link.ts';
import { close, O_DIRECTORY, O_RDONLY, openat } from '../sys/open.ts';
import { flock, LOCK_EX, LOCK_NB } from '../sys/process.ts';
import { RESERVED } from '../tree/tree.ts';
import { StartError } from './start-error.ts';

const STAGE = asBytes('stage');
const LOG = asBytes('log');

/** Descriptors of what lies in `.rootsync`. The lock lasts as long as `home`. */
export interface FlashLayout {
  readonly home: number;
  readonly log: number;
  readonly stage: Stage;
}

/** Opens our directory below `flashFd`; `flash` names it in messages. */
export function openLayout(flashFd: number, flash: string): FlashLayout | StartError {
  const home = openDirectory(flashFd, RESERVED, 0o755);
  if (home < 0) return new StartError('flash-unwritable', `${flash}: cannot make .rootsync: ${errnoName(home)}`);
  const locked = flock(home, LOCK_EX | LOCK_NB);
  if (locked < 0) {
    close(home);
    const why =
      locked === EAGAIN ? 'another rootsync is using it; give each mount a flash of its own' : errnoName(locked);
    return new StartError('conflict', `${flash}: ${why}`);
  }
  const log = openDirectory(home, LOG, 0o755);
  const stage = log < 0 ? log : openStage(home, STAGE);
  if (typeof stage === 'number') {
    close(home);
    return new StartError('flash-unwritable', `${flash}/.rootsync: ${errnoName(stage)}`);
  }
  // What a crash left half-copied was never part of the tree.
  stage.sweep();
  return { home, log, stage };
}

export function closeLayout({ home, log, stage }: FlashLayout): void {
  stage.close();
  close(log);
  close(home);
}

function openDirectory(dirFd: number, name: typeof STAGE, mode: number): number {
  const made = mkdirat(dirFd, name, mode);
  return made < 0 && made !== EEXIST ? made : openat(dirFd, name, O_RDONLY | O_DIRECTORY);
}
