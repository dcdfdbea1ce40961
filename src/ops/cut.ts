// Changing the size of a file on flash.

import { ftruncate, futimens, UTIME_NOW, UTIME_OMIT } from '../sys/attr.ts';
import { newStat, STATX_SIZE, statxFd } from '../sys/stat.ts';

const stat = newStat();

/**
 * Cuts or grows an open file. One that is to be empty, and is so because it was copied up without its data, counts as cut even if the device fails: to
 * refuse it now would leave it empty all the same. Errors: what ftruncate gives.
 */
export function cut(fd: number, size: number): number {
  const err = ftruncate(fd, size);
  if (err >= 0 || size > 0 || statxFd(fd, stat, STATX_SIZE) < 0 || stat.size > 0) return err;
  futimens(fd, 0, UTIME_OMIT, 0, UTIME_NOW);
  return 0;
}
