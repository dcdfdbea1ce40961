// Mappings of files: only tried, never kept, since JavaScript cannot survive the signal that a failed access through one gives.

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
