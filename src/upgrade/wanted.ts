// The wanted paths of upgrade mode: what flash held when the mode began, and what has come along since. Kept in `.rootsync/wanted`, each path with a NUL
// behind it, so that a daemon that takes over goes on with the same; a torn last path is none.

import { asBytes, join } from '../bytes.ts';
import type { ByteString } from '../bytes.ts';
import { ENOENT, ENOSPC } from '../errno.ts';
import type { Errno } from '../errno.ts';
import { ftruncate } from '../sys/attr.ts';
import { DirCursor, DT_DIR } from '../sys/dir.ts';
import { fdatasync, fsync, pread, write } from '../sys/io.ts';
import { renameat2, unlinkat } from '../sys/link.ts';
import {
  close,
  O_APPEND,
  O_CLOEXEC,
  O_CREAT,
  O_DIRECTORY,
  O_RDONLY,
  O_RDWR,
  O_TRUNC,
  O_WRONLY,
  openat,
} from '../sys/open.ts';
import { newStat, statxFd } from '../sys/stat.ts';

/** The list, and what is made before it takes its place. */
export const WANTED = asBytes('wanted');
export const NEW_WANTED = asBytes('wanted.new');
const RESERVED = '.rootsync';
const stat = newStat();

export interface WantedRead {
  readonly paths: readonly ByteString[];
  /** Bytes up to the last whole path, and those that follow it. */
  readonly size: number;
  readonly torn: number;
}

/** What is kept in `home`. Errors: ENOENT, and what open and read give. */
export function readWanted(home: number): WantedRead | Errno {
  const fd = openat(home, WANTED, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return fd as Errno;
  const found = statxFd(fd, stat);
  const bytes = Buffer.alloc(found < 0 ? 0 : stat.size);
  let have = 0;
  let n = found;
  while (n >= 0 && have < bytes.length) {
    n = pread(fd, bytes, have, Math.min(bytes.length - have, 1 << 24), have);
    if (n === 0) break;
    have += Math.max(0, n);
  }
  close(fd);
  if (n < 0) return n as Errno;
  const size = have === 0 ? 0 : bytes.lastIndexOf(0, have - 1) + 1;
  const paths = bytes.toString('latin1', 0, size).split('\0');
  return { paths: paths.filter((path) => path !== '').map(asBytes), size, torn: have - size };
}

/** Leaves the first `size` bytes, durably. Errors: what open, ftruncate and fsync give. */
export function cutWanted(home: number, size: number): number {
  const fd = openat(home, WANTED, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return fd;
  const cut = ftruncate(fd, size);
  const err = cut < 0 ? cut : fsync(fd);
  close(fd);
  return err;
}

export class Wanted {
  readonly #home: number;
  readonly #paths = new Set<ByteString>();
  #inForce = false;

  /** `home`: `.rootsync`. */
  constructor(home: number) {
    this.#home = home;
  }

  /** The mode is upgrade. */
  get inForce(): boolean {
    return this.#inForce;
  }

  get all(): Iterable<ByteString> {
    return this.#paths;
  }

  has(path: ByteString): boolean {
    return this.#paths.has(path);
  }

  /** Those below a directory. */
  below(path: ByteString): ByteString[] {
    return [...this.#paths].filter((other) => other.startsWith(`${path}/`));
  }

  /** Goes on with what was kept; a torn last path goes, so that the next is not taken for its end. ENOENT where nothing was kept, and what reading and cutting give. */
  resume(): number {
    const kept = readWanted(this.#home);
    if (typeof kept === 'number') return kept;
    this.#inForce = true;
    for (const path of kept.paths) this.#paths.add(path);
    return kept.torn === 0 ? 0 : cutWanted(this.#home, kept.size);
  }

  /** The mode begins: wanted is what is below `flashRoot`. Durable when it returns. Errors: what open, write, fsync and rename give. */
  begin(flashRoot: number): number {
    this.#paths.clear();
    this.#inForce = true;
    const err = gather(flashRoot, asBytes(''), this.#paths);
    return err < 0 ? err : this.#write();
  }

  /** These, too. Durable when it returns; none of them where that failed. */
  add(paths: readonly ByteString[]): number {
    const more = paths.filter((path) => !this.#paths.has(path));
    if (more.length === 0) return 0;
    const fd = openat(this.#home, WANTED, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600);
    if (fd < 0) return fd;
    const before = statxFd(fd, stat) < 0 ? -1 : stat.size;
    const written = writeAll(fd, more);
    const err = written < 0 ? written : fdatasync(fd);
    // Half a path would take the next one for its end.
    if (err < 0 && before >= 0) ftruncate(fd, before);
    close(fd);
    if (err >= 0) for (const path of more) this.#paths.add(path);
    return err;
  }

  /** The mode has ended. */
  end(): void {
    this.#inForce = false;
    this.#paths.clear();
    unlinkat(this.#home, WANTED);
    unlinkat(this.#home, NEW_WANTED);
  }

  #write(): number {
    const fd = openat(this.#home, NEW_WANTED, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600);
    if (fd < 0) return fd;
    const written = writeAll(fd, this.#paths);
    let err = written < 0 ? written : fsync(fd);
    close(fd);
    if (err >= 0) err = renameat2(this.#home, NEW_WANTED, this.#home, WANTED);
    return err < 0 ? err : fsync(this.#home);
  }
}

/** Adds what lies below a directory of flash, which is called `path`, to `found`. 0; errors: what listing gives. */
export function gather(dirFd: number, path: ByteString, found: Set<ByteString>): number {
  const fd = openat(dirFd, asBytes('.'), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return fd === ENOENT ? 0 : fd;
  const cursor = new DirCursor();
  const directories: ByteString[] = [];
  let err = cursor.fill(fd);
  for (; err > 0; err = cursor.fill(fd)) {
    while (cursor.next()) {
      if (path === '' && cursor.name === RESERVED) continue;
      found.add(join(path, cursor.name));
      if (cursor.type === DT_DIR || cursor.type === 0) directories.push(cursor.name);
    }
  }
  for (const name of directories) {
    if (err < 0) break;
    const below = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (below < 0) continue;
    err = gather(below, join(path, name), found);
    close(below);
  }
  close(fd);
  return err;
}

function writeAll(fd: number, paths: Iterable<ByteString>): number {
  const bytes = Buffer.from([...paths].map((path) => `${path}\0`).join(''), 'latin1');
  for (let done = 0; done < bytes.length;) {
    const n = write(fd, bytes, done, bytes.length - done);
    if (n <= 0) return n < 0 ? n : ENOSPC;
    done += n;
  }
  return 0;
}
