// Whether two copies have the same time of their content, as far as flash's filesystem can hold it.

import type { Stat } from '../sys/stat.ts';

/** Filesystems without nanoseconds have cut them off. */
export function sameTime(flash: Stat, disk: Stat): boolean {
  return flash.mtime === disk.mtime && (flash.mtimeNsec === disk.mtimeNsec || flash.mtimeNsec === 0);
}
