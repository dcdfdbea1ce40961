// Tries names, links, nodes and the renames in a throwaway directory.

import { asBytes } from '../bytes.ts';
import type { ByteString } from '../bytes.ts';
import { DirCursor } from '../sys/dir.ts';
import {
  RENAME_EXCHANGE,
  RENAME_NOREPLACE,
  RENAME_WHITEOUT,
  linkat,
  mknodat,
  renameat2,
  symlinkat,
  unlinkat,
} from '../sys/link.ts';
import { O_CREAT, O_EXCL, O_RDWR, O_TMPFILE, close, openat } from '../sys/open.ts';
import { newStat, statxAt } from '../sys/stat.ts';
import { O_DIRECTORY, O_RDONLY } from '../sys/open.ts';
import type { Features } from './features.ts';

const S_IFIFO = 0o010000;
const S_IFCHR = 0o020000;
const SYMLINK_LONGEST = 4095;
const NAME_LONGEST = 255;

/** Fills in name, link, node and rename features; an Errno when no file could be made. */
export function probeNames(dirFd: number, features: Features): number {
  const [a, b, link] = [asBytes('a'), asBytes('b'), asBytes('link')];
  const made = create(dirFd, a);
  if (made < 0) return made;
  probeRenames(dirFd, features, a, b);
  create(dirFd, a);
  features.hardLinks = linkat(dirFd, a, dirFd, link) === 0;
  features.caseSensitive = statxAt(dirFd, asBytes('A'), newStat()) < 0;
  features.fifos = mknodat(dirFd, asBytes('fifo'), S_IFIFO | 0o600) === 0;
  features.devices = mknodat(dirFd, asBytes('device'), S_IFCHR | 0o600, 1, 3) === 0;
  const tmpfile = openat(dirFd, asBytes('.'), O_TMPFILE | O_RDWR, 0o600);
  features.tmpfile = tmpfile >= 0;
  if (tmpfile >= 0) close(tmpfile);
  features.byteNames = comesBack(dirFd, asBytes('\xff\xc3A'));
  features.nameMax = longest(Math.min(features.nameMax, NAME_LONGEST), (length) => {
    const name = asBytes('n'.repeat(length));
    return create(dirFd, name) === 0 && unlinkat(dirFd, name) === 0;
  });
  features.symlinkMax = longest(SYMLINK_LONGEST, (length) => {
    const name = asBytes('symlink');
    return symlinkat(asBytes('t'.repeat(length)), dirFd, name) === 0 && unlinkat(dirFd, name) === 0;
  });
  return 0;
}

function create(dirFd: number, name: ByteString): number {
  const fd = openat(dirFd, name, O_RDWR | O_CREAT | O_EXCL, 0o600);
  return fd < 0 ? fd : close(fd);
}

function probeRenames(dirFd: number, features: Features, a: ByteString, b: ByteString): void {
  features.renameNoreplace = renameat2(dirFd, a, dirFd, b, RENAME_NOREPLACE) === 0;
  create(dirFd, a);
  create(dirFd, b);
  features.renameExchange = renameat2(dirFd, a, dirFd, b, RENAME_EXCHANGE) === 0;
  features.renameWhiteout = renameat2(dirFd, a, dirFd, b, RENAME_WHITEOUT) === 0;
  unlinkat(dirFd, a);
  unlinkat(dirFd, b);
}

function comesBack(dirFd: number, name: ByteString): boolean {
  if (create(dirFd, name) < 0) return false;
  const fd = openat(dirFd, asBytes('.'), O_RDONLY | O_DIRECTORY);
  if (fd < 0) return false;
  const cursor = new DirCursor(4096);
  let found = false;
  while (cursor.fill(fd) > 0) while (cursor.next()) found ||= cursor.name === name;
  close(fd);
  return found;
}

// The greatest length up to `most` that works, by halving, since what works is mostly `most` itself; 0 when none does.
function longest(most: number, works: (length: number) => boolean): number {
  if (works(most)) return most;
  let [good, bad] = [0, most];
  while (bad - good > 1) {
    const length = (good + bad) >> 1;
    if (works(length)) good = length;
    else bad = length;
  }
  return good;
}
