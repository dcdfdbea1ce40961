// Mappings of files. New ones are only tried, never kept, since JavaScript cannot survive the signal that a failed access through one gives.

import { declare, failure, PTR } from './koffi.ts';

const PROT_READ_WRITE = 3;
const MAP_SHARED = 1;
const MAP_FAILED = -1;

const cMmap = declare('mmap', 'int64_t', [PTR, 'size_t', 'int', 'int', 'int', 'int64_t']);
const cMunmap = declare('munmap', 'int', [PTR, 'size_t']);

/** Maps the first `length` bytes of a file, open for both, shared and writable, and unmaps them untouched: 0; ENODEV or EINVAL where that cannot be. */
export function tryMapShared(fd: number, length: number): number {
  const address = cMmap(0, length, PROT_READ_WRITE, MAP_SHARED, fd, 0);
  if (address === MAP_FAILED) return failure();
  cMunmap(address, length);
  return 0;
}

const MLOCK_ONFAULT = 1;
const cMlock2 = declare('mlock2', 'int', [PTR, 'size_t', 'int']);

/**
 * Keeps in memory what is used of the files that this process has mapped, its program and libraries, by the text of its /proc/self/maps. ENOMEM or EPERM
 * without the right. Not its own memory: V8 gives back what it does not need by MADV_DONTNEED, which the kernel refuses for locked
 * memory, and then aborts.
 */
export function lockMappedFiles(maps: string): number {
  for (const line of maps.split('\n')) {
    const [, from, to, file] = /^([0-9a-f]+)-([0-9a-f]+) \S+ \S+ \S+ [1-9]\d* +(\/.*)$/.exec(line) ?? [];
    if (from === undefined || to === undefined || file === undefined) continue;
    const start = Number.parseInt(from, 16);
    if (cMlock2(start, Number.parseInt(to, 16) - start, MLOCK_ONFAULT) < 0) return failure();
  }
  return 0;
}
