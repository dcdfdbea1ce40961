// Making many staged files durable at once. `choosePlan` is the policy, a pure function; `commit` carries a plan out.
// Invariant: a file is reported durable only when its own bytes are on the device and no write to it has failed.

import type { Errno } from '../errno.ts';
import {
  SYNC_FILE_RANGE_WAIT_AFTER,
  SYNC_FILE_RANGE_WAIT_BEFORE,
  SYNC_FILE_RANGE_WRITE,
  fsync,
  syncFileRange,
  syncfs,
} from '../sys/io.ts';
import type { Features } from './features.ts';

/** `each`: fsync one after the other. `written`: write out all, wait for all, then fsync each. `whole`: the filesystem, once. */
export type SyncPlan = 'each' | 'written' | 'whole';

/** How `files` staged files are best synced. */
export function choosePlan(features: Pick<Features, 'fsType' | 'syncfs'>, files: number): SyncPlan {
  if (files <= 2) return 'each';
  return features.fsType === 'btrfs' && features.syncfs ? 'whole' : 'written';
}

/** Makes the files durable: for each 0, or the Errno of writing it out (ENOSPC, EDQUOT, EIO). */
export function commit(fds: readonly number[], stageDirFd: number, plan: SyncPlan): (0 | Errno)[] {
  if (plan === 'written') writeOut(fds);
  // An error of syncfs may be of any file, by any writer: then each is asked for its own.
  if (plan === 'whole' && syncfs(stageDirFd) === 0) return fds.map(() => 0);
  return fds.map((fd) => fsync(fd) as 0 | Errno);
}

// Once all data are on their way together, one flush of the journal serves nearly all of the fsyncs that follow. Errors are
// kept by the kernel for those.
function writeOut(fds: readonly number[]): void {
  for (const fd of fds) syncFileRange(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
  for (const fd of fds) {
    syncFileRange(fd, 0, 0, SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
  }
}
