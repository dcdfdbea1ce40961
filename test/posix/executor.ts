// Runs steps of the differential test on a tree, with synchronous calls, and says what each gave as text that is the same wherever the tree
// lies: no inode numbers, no present times, no link counts and sizes of directories.

import { createHash } from 'node:crypto';
import { asBytes, join } from '../../src/bytes.ts';
import type { ByteString } from '../../src/bytes.ts';
import { ACL_ACCESS, ACL_DEFAULT, encodeAcl } from '../../src/copy/acl.ts';
import { EBADF, errnoName, EXDEV } from '../../src/errno.ts';
import type { Errno } from '../../src/errno.ts';
import { AT_FDCWD } from '../../src/sys/at.ts';
import { chmodAt, chownAt, fchmod, ftruncate, utimensAt } from '../../src/sys/attr.ts';
import { DirCursor, DT_DIR } from '../../src/sys/dir.ts';
import { copyFileRange, fallocate, fsync, lseek, pread, pwrite, SEEK_SET } from '../../src/sys/io.ts';
import { linkat, mkdirat, mknodat, readlinkat, renameat2, rmdirat, symlinkat, unlinkat } from '../../src/sys/link.ts';
import {
  close,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOATIME,
  O_NONBLOCK,
  O_PATH,
  O_RDONLY,
  O_RDWR,
  O_TMPFILE,
  O_TRUNC,
  O_WRONLY,
  openat,
  openFollow,
} from '../../src/sys/open.ts';
import { umask } from '../../src/sys/process.ts';
import { newStat, statxAt, statxFd } from '../../src/sys/stat.ts';
import type { Stat } from '../../src/sys/stat.ts';
import { listxattr, readxattr, removexattr, setxattr } from '../../src/sys/xattr.ts';
import type { Named, Names } from '../upgrade/wanted-model.ts';
import type { Acl, Plant, Step } from './steps.ts';

const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;
const S_IFREG = 0o100000;
const S_IFLNK = 0o120000;
const S_IFIFO = 0o010000;
/** Times that were set are before this one. */
const LONG_AGO = 1_500_000_000;
const PLANTED = 1_000_000_000;
const ROOM = 65_536;

const stat = newStat();
const other = newStat();
const room = Buffer.alloc(ROOM);
const cursor = new DirCursor();

/** A tree as text: one line per object, and the inode number shown for each path. */
export interface Dump {
  readonly lines: string[];
  readonly inos: Record<string, string>;
}

export class Executor {
  readonly #root: number;
  readonly #slots = new Map<number, number>();

  /** `root` is the directory that all paths are below. */
  constructor(root: ByteString) {
    this.#root = openFollow(AT_FDCWD, root, O_PATH | O_DIRECTORY);
    if (this.#root < 0) throw new Error(`${root}: ${errnoName(this.#root)}`);
    umask(0o022);
  }

  close(): void {
    for (const fd of this.#slots.values()) close(fd);
    this.#slots.clear();
    close(this.#root);
  }

  /** Makes what can be made of the plants; all times are old ones, different for each. */
  build(plants: readonly Plant[]): void {
    for (const [at, plant] of plants.entries()) {
      const names = plant.path.split('/');
      for (let i = 1; i < names.length; i++) mkdirat(this.#root, asBytes(names.slice(0, i).join('/')), 0o755);
      this.#plant(plant, at);
    }
    let time = PLANTED;
    for (const path of [...this.#paths().reverse(), asBytes('')]) {
      time++;
      utimensAt(this.#root, path, time - 1, 1, time, time % 1000);
    }
  }

  #plant(plant: Plant, at: number): void {
    const { path, kind, size, mode, target, owner, acl } = plant;
    const root = this.#root;
    const name = asBytes(path);
    if (kind === 'dir' && (mkdirat(root, name, 0o755) === 0 || path === '.')) chmodAt(root, name, mode);
    if (kind === 'fifo') mknodat(root, name, S_IFIFO | 0o644);
    if (kind === 'symlink') symlinkat(asBytes(target), root, name);
    if (kind === 'link') linkat(root, asBytes(target), root, name);
    const fd = kind === 'file' ? openat(root, name, O_WRONLY | O_CREAT | O_NONBLOCK, 0o644) : -1;
    if (fd >= 0) {
      pwrite(fd, room.fill(at + 1, 0, size), 0, size, 0);
      fchmod(fd, mode);
      close(fd);
    }
    // The owner takes set-user-ID away, the ACL has a say in the mode.
    if (owner !== undefined && chownAt(root, name, owner.uid, owner.gid) === 0) chmodAt(root, name, mode);
    if (acl !== undefined) setAcl(root, name, acl);
  }

  /** Opens paths to read, as programs do that were run before. */
  warm(paths: readonly string[]): void {
    for (const path of paths) {
      this.run({ do: 'read', path });
      this.run({ do: 'readlink', path });
    }
  }

  run(step: Step): string {
    const root = this.#root;
    if ('path' in step) {
      const path = asBytes(step.path);
      if ((step.do === 'rename' || step.do === 'link') && step.refused === 'EXDEV') {
        if (this.#mayBeRefused(path, step.to)) return errnoName(EXDEV);
      }
      switch (step.do) {
        case 'mkdir':
          return said(mkdirat(root, path, step.mode));
        case 'create': {
          const fd = openat(root, path, O_WRONLY | O_CREAT | O_EXCL, step.mode);
          return said(fd < 0 ? fd : close(fd));
        }
        case 'chmod':
          return said(chmodAt(root, path, step.mode));
        case 'mkfifo':
          return said(mknodat(root, path, S_IFIFO | 0o640));
        case 'symlink':
          return said(symlinkat(asBytes(step.target), root, path));
        case 'link':
          return said(linkat(root, path, root, asBytes(step.to)));
        case 'rename':
          return notEmpty(said(renameat2(root, path, root, asBytes(step.to), step.flags)), step.flags);
        case 'unlink':
          return said(unlinkat(root, path));
        case 'rmdir':
          return said(rmdirat(root, path));
        case 'readlink':
          return said(readlinkat(root, path));
        case 'stat':
          return said(statxAt(root, path, stat), () => shown(stat));
        case 'list':
          return this.#opened(path, O_RDONLY | O_DIRECTORY, names);
        case 'read':
          return this.#opened(path, O_RDONLY | O_NONBLOCK, content);
        case 'put':
          return this.#opened(path, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK, (fd) =>
            said(pwrite(fd, room.fill(step.byte, 0, step.size), 0, step.size, 0)),
          );
        case 'truncate':
          return this.#opened(path, O_WRONLY | O_NONBLOCK, (fd) => said(ftruncate(fd, step.size)));
        case 'chown':
          return said(chownAt(root, path, step.uid, step.gid));
        case 'utimens':
          return said(utimensAt(root, path, step.time, 5, step.time, 7));
        case 'setxattr':
          return said(setxattr(root, path, asBytes(step.name), Buffer.from([step.byte])));
        case 'setacl':
          return said(setAcl(root, path, step.acl));
        case 'getxattr':
          return said(readxattr(root, path, asBytes(step.name)), (value) => value.toString('hex'));
        case 'removexattr':
          return said(removexattr(root, path, asBytes(step.name)));
        case 'listxattr':
          return said(listxattr(root, path), (list) => list.sort().join());
        case 'open':
          return this.#hold(step.slot, (step.follow ? openFollow : openat)(root, path, step.flags | O_NONBLOCK, 0o640));
        case 'tmpfile':
          return this.#hold(step.slot, openat(root, path, O_TMPFILE | O_RDWR, 0o600));
        case 'linkSlot':
          return step.refused === true && this.#slots.has(step.slot)
            ? errnoName(EXDEV)
            : said(linkat(this.#slot(step.slot), asBytes(''), root, path));
      }
    }
    if (step.do === 'umask') {
      umask(step.mask);
      return '';
    }
    const fd = this.#slot(step.slot);
    if (fd < 0) return errnoName(EBADF);
    switch (step.do) {
      case 'close':
        this.#slots.delete(step.slot);
        return said(close(fd));
      case 'readSlot':
        return content(fd);
      case 'fstat':
        return said(statxFd(fd, stat), () => shown(stat));
      case 'listSlot':
        return names(fd);
      case 'fsync':
        return said(fsync(fd));
      case 'write': {
        const bytes = room.fill(step.byte, 0, step.size);
        return said(pwrite(fd, bytes, 0, step.size, step.offset));
      }
      case 'ftruncate':
        return said(ftruncate(fd, step.value));
      case 'fchmod':
        return said(fchmod(fd, step.value));
      case 'fallocate':
        return said(fallocate(fd, step.mode, step.offset, step.size));
      case 'seek':
        // A position in a directory means what its filesystem likes.
        return statxFd(fd, stat) >= 0 && (stat.mode & S_IFMT) === S_IFDIR
          ? ''
          : said(lseek(fd, step.offset, step.whence));
      case 'copyRange':
        return said(copyFileRange(this.#slot(step.from), 0, fd, 1, step.size));
    }
  }

  /** Whether one of the two is a directory, or is open. */
  #mayBeRefused(path: ByteString, to: string): boolean {
    return [path, asBytes(to)].some((name) => {
      if (statxAt(this.#root, name, stat) < 0) return false;
      if ((stat.mode & S_IFMT) === S_IFDIR) return true;
      return [...this.#slots.values()].some(
        (fd) => statxFd(fd, other) >= 0 && other.inoLo === stat.inoLo && other.inoHi === stat.inoHi,
      );
    });
  }

  /** The whole tree as text; `times` also shows access and change times and inode numbers, for a tree that nothing may have touched. */
  dump(times = false): Dump {
    const inos: Record<string, string> = {};
    const groups = new Map<string, number>();
    const lines: string[] = [];
    for (const path of [asBytes(''), ...this.#paths()]) {
      const err = statxAt(this.#root, path, stat);
      if (err < 0) {
        lines.push(`${path} ${errnoName(err)}`);
        continue;
      }
      const ino = `${stat.inoHi}:${stat.inoLo >>> 0}`;
      inos[path] = ino;
      const group = groups.get(ino) ?? groups.size;
      groups.set(ino, group);
      const exact = times ? ` ${ino} a${stat.atime}.${stat.atimeNsec} c${stat.ctime}.${stat.ctimeNsec}` : '';
      lines.push(
        `${path} #${group} ${shown(stat)}${exact} ${this.#inside(path, stat.mode, times)} ${this.#xattrs(path)}`,
      );
    }
    return { lines, inos };
  }

  /** What there is by which name. */
  names(): Names {
    const names: Record<string, Named> = {};
    for (const path of this.#paths()) {
      if (statxAt(this.#root, path, stat) < 0) continue;
      const isLink = (stat.mode & S_IFMT) === S_IFLNK;
      names[path] = {
        ino: `${stat.inoHi}:${stat.inoLo}`,
        isDir: (stat.mode & S_IFMT) === S_IFDIR,
        target: isLink ? said(readlinkat(this.#root, path)) : null,
      };
    }
    return names;
  }

  // A symlink's target cannot be read without a trace: where times count, its length and change time must do.
  #inside(path: ByteString, mode: number, times: boolean): string {
    const kind = mode & S_IFMT;
    if (kind === S_IFREG) return this.#opened(path, O_RDONLY | O_NOATIME, content);
    return kind === S_IFLNK && !times ? said(readlinkat(this.#root, path)) : '';
  }

  #xattrs(path: ByteString): string {
    const list = listxattr(this.#root, path);
    if (typeof list === 'number') return errnoName(list);
    const value = (name: ByteString) => said(readxattr(this.#root, path, name), (bytes) => bytes.toString('hex'));
    return list
      .sort()
      .map((name) => `${name}=${value(name)}`)
      .join();
  }

  /** All paths below the root, parents first, in order. What a listing says of an object must be what a stat says. */
  #paths(): ByteString[] {
    const found: ByteString[] = [];
    const visit = (dir: ByteString): void => {
      const fd = openat(this.#root, dir === '' ? asBytes('.') : dir, O_RDONLY | O_DIRECTORY | O_NOATIME);
      if (fd < 0) return;
      const entries = listed(fd);
      close(fd);
      for (const { name, type, ino } of entries) {
        const path = join(dir, name);
        found.push(path);
        if (statxAt(this.#root, path, other) >= 0 && ino !== `${other.inoHi}:${other.inoLo}`)
          found.push(asBytes(`${path} is listed as ${ino}, its number is ${other.inoHi}:${other.inoLo}`));
        if (type === DT_DIR) visit(path);
      }
    };
    visit(asBytes(''));
    return found;
  }

  #hold(slot: number, fd: number): string {
    if (fd < 0) return errnoName(fd);
    const before = this.#slots.get(slot);
    if (before !== undefined) close(before);
    this.#slots.set(slot, fd);
    return 'open';
  }

  #slot(slot: number): number {
    return this.#slots.get(slot) ?? EBADF;
  }

  #opened(path: ByteString, flags: number, use: (fd: number) => string): string {
    const fd = openat(this.#root, path, flags, 0o644);
    if (fd < 0) return errnoName(fd);
    const result = use(fd);
    close(fd);
    return result;
  }
}

function setAcl(root: number, path: ByteString, acl: Acl): number {
  return setxattr(root, path, asBytes(acl.default ? ACL_DEFAULT : ACL_ACCESS), encodeAcl(acl.entries));
}

function said<T>(result: T, show?: (value: Exclude<T, Errno>) => string): string {
  if (typeof result === 'number' && result < 0) return errnoName(result);
  return show === undefined ? String(result) : show(result as Exclude<T, Errno>);
}

/** What is in the way has content: POSIX has two errors for that, xfs gives the other one. */
function notEmpty(result: string, flags: number): string {
  return result === 'EEXIST' && flags === 0 ? 'ENOTEMPTY' : result;
}

function shown(of: Stat): string {
  const dir = (of.mode & S_IFMT) === S_IFDIR;
  const size = dir ? '' : ` n${of.nlink} s${of.size}`;
  const time = of.mtime < LONG_AGO ? `${of.mtime}.${of.mtimeNsec}` : 'now';
  return `${of.mode.toString(8)} ${of.uid}:${of.gid}${size} m${time}`;
}

function content(fd: number): string {
  const n = pread(fd, room, 0, ROOM, 0);
  if (n < 0) return errnoName(n);
  return `${n}:${createHash('md5').update(room.subarray(0, n)).digest('hex')}`;
}

interface Listed {
  readonly name: ByteString;
  readonly type: number;
  readonly ino: string;
}

function listed(fd: number): Listed[] {
  const entries: Listed[] = [];
  while (cursor.fill(fd) > 0)
    while (cursor.next())
      entries.push({ name: cursor.name, type: cursor.type, ino: `${cursor.inoHi}:${cursor.inoLo}` });
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function names(fd: number): string {
  const err = lseek(fd, 0, SEEK_SET);
  if (err < 0) return errnoName(err);
  const bad = cursor.fill(fd);
  if (bad < 0) return errnoName(bad);
  lseek(fd, 0, SEEK_SET);
  return listed(fd)
    .map(({ name, type }) => `${name}(${type})`)
    .join();
}
