// Random changes of few names by several at once. Any of them may fail because another was faster; none may fail in a way that no order explains.

import { asBytes } from '../../src/bytes.ts';
import { errnoName } from '../../src/errno.ts';
import { chmodAt, ftruncate, utimensAt } from '../../src/sys/attr.ts';
import { DirCursor } from '../../src/sys/dir.ts';
import { fallocate, fdatasync, fsync, pwrite, write } from '../../src/sys/io.ts';
import {
  linkat,
  mkdirat,
  mknodat,
  readlinkat,
  RENAME_EXCHANGE,
  RENAME_NOREPLACE,
  renameat2,
  rmdirat,
  symlinkat,
  unlinkat,
} from '../../src/sys/link.ts';
import {
  close,
  O_APPEND,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NONBLOCK,
  O_RDONLY,
  O_RDWR,
  O_WRONLY,
  openat,
} from '../../src/sys/open.ts';
import { newStat, statxAt, statxFd } from '../../src/sys/stat.ts';
import { readxattr, setxattr } from '../../src/sys/xattr.ts';
import { idOf, ID_LENGTH } from './contender.ts';
import type { Contender } from './contender.ts';

const NAMES = ['a', 'b', 'c', 'd'] as const;
/** The way to a name was changed, or the name. */
const GONE = ['ENOENT', 'ENOTDIR'] as const;
const S_IFIFO = 0o010000;
const S_IFMT = 0o170000;
const S_IFREG = 0o100000;
const TARGET = 'nowhere';

const stat = newStat();
const cursor = new DirCursor(4096);
const room = Buffer.alloc(20_000, 'z');

export class Rival {
  readonly #by: Contender;
  readonly #dir: number;
  #made = 0;

  constructor(by: Contender) {
    this.#by = by;
    this.#dir = by.directory('contested');
  }

  step(): void {
    const by = this.#by;
    const path = this.#path();
    const name = asBytes(path);
    const dir = this.#dir;
    switch (by.below(20)) {
      case 0:
      case 1:
        this.#create(path);
        break;
      case 2:
      case 3:
      case 4:
        this.change(path);
        break;
      case 5:
      case 6:
      case 7:
        this.#rename(path, this.#path());
        break;
      case 8:
      case 9:
        by.allow(`unlink ${path}`, unlinkat(dir, name), ...GONE, 'EISDIR');
        break;
      case 10:
        by.allow(`rmdir ${path}`, rmdirat(dir, name), ...GONE, 'ENOTEMPTY', 'EEXIST');
        break;
      case 11:
        by.allow(`mkdir ${path}`, mkdirat(dir, name, 0o755), ...GONE, 'EEXIST');
        break;
      case 12:
      case 13: {
        const to = this.#path();
        by.allow(`link ${path} ${to}`, linkat(dir, name, dir, asBytes(to)), ...GONE, 'EEXIST', 'EPERM');
        break;
      }
      case 14:
        this.#symlink(path);
        break;
      case 15:
        by.allow(`mkfifo ${path}`, mknodat(dir, name, S_IFIFO | 0o600), ...GONE, 'EEXIST');
        break;
      case 16:
        this.#attributes(path);
        break;
      case 17:
        this.list(path);
        break;
      default:
        this.look(path);
    }
  }

  /** Opens a file that is there, to read, and holds it. */
  look(path = this.#path()): void {
    const by = this.#by;
    const fd = openat(this.#dir, asBytes(path), O_RDONLY | O_NONBLOCK);
    by.allow(`open ${path}`, fd, ...GONE, 'ELOOP');
    if (fd < 0) return;
    by.allow('fstat', statxFd(fd, stat));
    if ((stat.mode & S_IFMT) === S_IFREG) by.hold(fd);
    else close(fd);
  }

  /** Each name listed must be one that can be looked at, or one that somebody is removing. */
  list(path: string): void {
    const by = this.#by;
    const fd = openat(this.#dir, asBytes(path), O_RDONLY | O_DIRECTORY);
    by.allow(`list ${path}`, fd, ...GONE, 'ELOOP');
    if (fd < 0) return;
    const names: string[] = [];
    while (by.allow(`getdents ${path}`, cursor.fill(fd), 'ENOENT') > 0) while (cursor.next()) names.push(cursor.name);
    for (const name of names) by.allow(`stat of listed ${path}/${name}`, statxAt(fd, asBytes(name), stat), 'ENOENT');
    close(fd);
  }

  change(path: string): void {
    const by = this.#by;
    const append = by.below(3) === 0;
    const flags = append ? O_WRONLY | O_APPEND | O_NONBLOCK : O_RDWR | O_NONBLOCK;
    const fd = openat(this.#dir, asBytes(path), flags);
    // ENXIO: a fifo that nobody reads.
    by.allow(`open ${path} to write`, fd, ...GONE, 'EISDIR', 'ELOOP', 'ENXIO');
    if (fd < 0) return;
    by.allow('fstat', statxFd(fd, stat));
    if ((stat.mode & S_IFMT) === S_IFREG) this.#write(fd, append);
    if (!append && (stat.mode & S_IFMT) === S_IFREG) by.hold(fd);
    else close(fd);
  }

  #write(fd: number, append: boolean): void {
    const by = this.#by;
    const size = 1 + by.below(room.length);
    // What is not yet known by an id is somebody's who will write it: an append would go before it.
    if (append) {
      if (stat.size >= ID_LENGTH) by.allow('append', write(fd, room, 0, size));
      return;
    }
    by.allow('write', pwrite(fd, room, 0, size, ID_LENGTH + by.below(30_000)));
    const how = by.below(6);
    if (how === 0) by.allow('ftruncate', ftruncate(fd, ID_LENGTH + by.below(40_000)));
    if (how === 1) by.allow('fsync', fsync(fd));
    if (how === 2) by.allow('fdatasync', fdatasync(fd));
    if (how === 3) by.allow('fallocate', fallocate(fd, 0, by.below(9000), 5000), 'EOPNOTSUPP');
  }

  #create(path: string): void {
    const by = this.#by;
    const fd = openat(this.#dir, asBytes(path), O_RDWR | O_CREAT | O_EXCL, 0o644);
    by.allow(`create ${path}`, fd, ...GONE, 'EEXIST');
    if (fd < 0) return;
    by.allow('write of what was created', pwrite(fd, Buffer.from(idOf(by.who, this.#made++)), 0, ID_LENGTH, 0));
    by.hold(fd);
  }

  #rename(path: string, to: string): void {
    const by = this.#by;
    const flags = by.one([0, 0, 0, RENAME_NOREPLACE, RENAME_EXCHANGE]);
    const result = renameat2(this.#dir, asBytes(path), this.#dir, asBytes(to), flags);
    // EINVAL, one within the other, whatever the words say: when others rename between the walks of the two paths, one name may have come to be above the other.
    by.allow(`rename ${path} ${to} ${flags}`, result, ...GONE, 'EEXIST', 'ENOTEMPTY', 'EISDIR', 'EINVAL');
  }

  #symlink(path: string): void {
    const by = this.#by;
    by.allow(`symlink ${path}`, symlinkat(asBytes(TARGET), this.#dir, asBytes(path)), ...GONE, 'EEXIST');
    const target = readlinkat(this.#dir, asBytes(path));
    if (typeof target === 'number') by.allow(`readlink ${path}`, target, ...GONE, 'EINVAL');
    else if (target !== TARGET) by.say(`readlink ${path}: ${target}`);
  }

  #attributes(path: string): void {
    const by = this.#by;
    const name = asBytes(path);
    by.allow(`utimens ${path}`, utimensAt(this.#dir, name, 5, 0, 5, 0), ...GONE);
    by.allow(`chmod ${path}`, chmodAt(this.#dir, name, 0o700 + by.below(0o100)), ...GONE, 'EOPNOTSUPP', 'ELOOP');
    const set = setxattr(this.#dir, name, asBytes('user.who'), Buffer.from([0x30 + by.who]));
    by.allow(`setxattr ${path}`, set, ...GONE, 'EPERM', 'EOPNOTSUPP');
    const value = readxattr(this.#dir, name, asBytes('user.who'));
    const errors = [...GONE, 'ENODATA', 'EOPNOTSUPP', 'EPERM'];
    if (typeof value === 'number') by.allow(`getxattr ${path}`, value, ...errors);
    else if (value.length !== 1) by.say(`getxattr ${path}: ${value.toString('latin1')}`);
    const err = statxAt(this.#dir, name, stat);
    by.allow(`stat ${path}: ${errnoName(err)}`, err, ...GONE);
  }

  #path(): string {
    return Array.from({ length: 1 + this.#by.below(3) }, () => this.#by.one(NAMES)).join('/');
  }
}
