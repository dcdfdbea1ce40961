// Our own directory on flash, `.rootsync`: made where it is missing, held by one daemon at a time, its stage swept.

import { asBytes } from '../bytes.ts';
import { EAGAIN, EEXIST, ENOENT, errnoName } from '../errno.ts';
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
  const unlocked = lock(home, flash, 'give each mount a flash of its own');
  if (unlocked !== null) return unlocked;
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

/** Our directory of a flash that nobody may use meanwhile, made by no one but a mount: null where flash has none. */
export function lockHome(flashFd: number, flash: string): number | null | StartError {
  const home = openat(flashFd, RESERVED, O_RDONLY | O_DIRECTORY);
  if (home === ENOENT) return null;
  if (home < 0) return new StartError('path', `${flash}/.rootsync: ${errnoName(home)}`);
  return lock(home, flash, 'unmount it first') ?? home;
}

/** null: it is ours until `home` is closed; else `home` is closed. */
function lock(home: number, flash: string, advice: string): StartError | null {
  const locked = flock(home, LOCK_EX | LOCK_NB);
  if (locked >= 0) return null;
  close(home);
  const why = locked === EAGAIN ? `another rootsync is using it; ${advice}` : errnoName(locked);
  return new StartError('conflict', `${flash}: ${why}`);
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
