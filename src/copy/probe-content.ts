// Tries what a filesystem does with content: allocation, holes, shared blocks, shared mappings.

import { asBytes } from '../bytes.ts';
import { ftruncate } from '../sys/attr.ts';
import { FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE, SEEK_DATA, SEEK_HOLE } from '../sys/io.ts';
import { fallocate, ficlone, lseek, pwrite } from '../sys/io.ts';
import { tryMapShared } from '../sys/memory.ts';
import { O_CREAT, O_EXCL, O_RDWR, close, openat } from '../sys/open.ts';
import { newStat, statxFd } from '../sys/stat.ts';
import type { Features } from './features.ts';

const MIB = 1 << 20;
const CHUNK = 1 << 16;

/** Fills in allocation, hole, clone and mapping features; an Errno when no file could be made. */
export function probeContent(dirFd: number, features: Features): number {
  const flags = O_RDWR | O_CREAT | O_EXCL;
  const fd = openat(dirFd, asBytes('content'), flags, 0o600);
  if (fd < 0) return fd;
  const other = openat(dirFd, asBytes('clone'), flags, 0o600);
  features.holes = keepsHoles(fd);
  ftruncate(fd, 0);
  features.fallocate = fallocate(fd, 0, 0, CHUNK) === 0;
  pwrite(fd, Buffer.alloc(CHUNK, 1), 0, CHUNK, 0);
  features.sharedWritableMmap = tryMapShared(fd, CHUNK) === 0;
  features.punchHole = fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, CHUNK >> 1) === 0;
  features.reflink = other >= 0 && ficlone(other, fd) === 0;
  close(fd);
  if (other >= 0) close(other);
  return 0;
}

function keepsHoles(fd: number): boolean {
  const stat = newStat();
  if (pwrite(fd, Buffer.from('x'), 0, 1, MIB) !== 1 || statxFd(fd, stat) < 0) return false;
  return stat.blocks * 512 < MIB && lseek(fd, 0, SEEK_HOLE) === 0 && lseek(fd, 0, SEEK_DATA) > 0;
}
