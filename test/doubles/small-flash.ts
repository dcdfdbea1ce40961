// A flash filesystem that this kernel lacks, in its place: passes through to a directory, and refuses or loses what jffs2 or ubifs would
// (the tables in docs say which). Made with `rootsync/fuse` alone; a module for `serve`. It is told what to be by the environment, and which
// step is to fail by lookups of names that begin with `.fault ` and never exist.

import { openSync } from 'node:fs';
import * as fuse from '../../src/fuse/index.ts';
import type { Attr, EntryOut, Operations, Request } from '../../src/fuse/index.ts';
import type { ByteString } from '../../src/bytes.ts';
import { asBytes } from '../../src/bytes.ts';
import { chmodAt, chownAt, ftruncate, KEEP_ID, UTIME_NOW, UTIME_OMIT, utimensAt } from '../../src/sys/attr.ts';
import { DirCursor } from '../../src/sys/dir.ts';
import { fdatasync, fsync, pread, pwrite } from '../../src/sys/io.ts';
import { linkat, mkdirat, mknodat, readlinkat, renameat2, rmdirat, symlinkat, unlinkat } from '../../src/sys/link.ts';
import { fstatfs } from '../../src/sys/mount.ts';
import { close, O_CREAT, O_DIRECTORY, O_EXCL, O_PATH, O_RDONLY, O_RDWR, openat, reopen } from '../../src/sys/open.ts';
import { enterProc, umask } from '../../src/sys/process.ts';
import { newStat, statxAt } from '../../src/sys/stat.ts';
import { getxattr, listxattrInto, removexattr, setxattr } from '../../src/sys/xattr.ts';
import { NOTHING_LOST, TYPES } from './flash-types.ts';

const { OK, constants } = fuse;
const { EINVAL, EIO, ENAMETOOLONG, ENODATA, ENOENT, ENOSPC, EOPNOTSUPP, ERANGE } = fuse.errno;
const FOREVER = 1_000_000;
const S_ISGID = 0o2000;
const RENAME_NOREPLACE = 1;
const SELF = asBytes('');
const ERRORS: Readonly<Record<string, number>> = { EIO, ENOSPC };

const limits = TYPES[process.env['ROOTSYNC_DOUBLE'] ?? ''] ?? NOTHING_LOST;
const backing = process.env['ROOTSYNC_DOUBLE_DIR'] ?? '';

interface Node {
  readonly key: string;
  readonly id: number;
  /** O_PATH. */
  readonly fd: number;
  lookups: number;
}

/** The n-th step of a kind fails, once or from then on. */
interface Fault {
  readonly steps: ReadonlySet<string>;
  readonly err: number;
  readonly lasting: boolean;
  left: number;
}

class State {
  readonly nodes = new Map<number, Node>();
  readonly byKey = new Map<string, Node>();
  #next = 2;
  fault: Fault | null = null;

  constructor() {
    if (backing === '') return;
    const fd = openat(openSync('/', 'r'), asBytes(backing.slice(1)), O_PATH | O_DIRECTORY);
    this.#add({ key: keyOf(fd), id: 1, fd, lookups: 1 });
  }

  fd(nodeid: number): number {
    return this.nodes.get(nodeid)?.fd ?? fuse.errno.ESTALE;
  }

  /** The node of `name`, with one more reference; its attributes are in `stat`. */
  find(parent: number, name: ByteString): Node | number {
    const fd = openat(this.fd(parent), name, O_PATH);
    if (fd < 0) return fd;
    const key = keyOf(fd);
    let node = this.byKey.get(key);
    if (node === undefined) this.#add((node = { key, id: this.#next++, fd, lookups: 0 }));
    else close(fd);
    node.lookups++;
    return node;
  }

  forget(id: number, count: number): void {
    const node = this.nodes.get(id);
    if (node === undefined || id === 1 || (node.lookups -= count) > 0) return;
    this.nodes.delete(id);
    this.byKey.delete(node.key);
    close(node.fd);
  }

  #add(node: Node): void {
    this.nodes.set(node.id, node);
    this.byKey.set(node.key, node);
  }
}

const stat = newStat();

function keyOf(fd: number): string {
  statxAt(fd, SELF, stat);
  return `${stat.inoHi}:${stat.inoLo}`;
}

/** `stat`, as this filesystem has kept it. */
function attr(): Attr {
  const { inoLo, inoHi, mode, nlink, uid, gid, size, blocks, rdevMajor, rdevMinor, atime, mtime, ctime } = stat;
  const nsec = (n: number) => (limits.wholeSeconds ? 0 : n);
  return {
    ...{ inoLo, inoHi, mode, nlink, uid, gid, size, rdevMajor, rdevMinor, atime, mtime, ctime, blksize: 4096 },
    atimeNsec: nsec(stat.atimeNsec),
    mtimeNsec: nsec(stat.mtimeNsec),
    ctimeNsec: nsec(stat.ctimeNsec),
    blocks: limits.holes ? blocks : Math.ceil(size / 512),
  };
}

function entryFor(node: Node): EntryOut {
  const valid = { entryValid: FOREVER, entryValidNsec: 0, attrValid: FOREVER, attrValidNsec: 0 };
  statxAt(node.fd, SELF, stat);
  return { nodeid: node.id, generation: 0, ...valid, attr: attr() };
}

function replyEntry(state: State, req: Request, name: ByteString): number {
  const node = state.find(req.nodeid, name);
  if (typeof node === 'number') return node;
  fuse.entryOut(req.out, entryFor(node));
  return OK;
}

const tooLong = (name: ByteString): boolean => name.length > limits.nameMax;

/** Gives what was made under `name` to the caller, as far as this filesystem can say who that is. */
function give(state: State, req: Request, name: ByteString, mode: number | null): number {
  const dir = state.fd(req.nodeid);
  statxAt(dir, SELF, stat);
  const gid = (stat.mode & S_ISGID) !== 0 ? KEEP_ID : req.gid & limits.idMask;
  const err = chownAt(dir, name, req.uid & limits.idMask, gid);
  return err < 0 || mode === null || (mode & 0o6000) === 0 ? err : chmodAt(dir, name, mode & 0o7777);
}

/** Opens `fd`, an O_PATH one, for a call that needs more. */
function opened(fd: number, flags: number, use: (file: number) => number): number {
  const file = reopen(fd, flags);
  if (file < 0) return file;
  const result = use(file);
  close(file);
  return result;
}

function setTimes(fd: number, arg: Parameters<NonNullable<Operations<State>['setattr']>>[2]): number {
  const { valid } = arg;
  const nsec = (given: number, now: number, n: number): number =>
    (valid & given) === 0 ? UTIME_OMIT : (valid & now) !== 0 ? UTIME_NOW : limits.wholeSeconds ? 0 : n;
  const second = (n: number): number => Math.min(Math.max(n, limits.timeMin), limits.timeMax);
  const atime = nsec(constants.FATTR_ATIME, constants.FATTR_ATIME_NOW, arg.atimeNsec);
  const mtime = nsec(constants.FATTR_MTIME, constants.FATTR_MTIME_NOW, arg.mtimeNsec);
  return utimensAt(fd, SELF, second(arg.atime), atime, second(arg.mtime), mtime);
}

const cursor = new DirCursor();

const whole: Partial<Operations<State>> = {
  lookup(state, req, { name }) {
    if (name.startsWith('.fault ')) return plan(state, name);
    return tooLong(name) ? ENAMETOOLONG : replyEntry(state, req, name);
  },
  forget(state, { nodeid }, { nlookup }) {
    state.forget(nodeid, nlookup);
    return fuse.NO_REPLY;
  },
  batchForget(state, _, batch) {
    fuse.forEachForget(batch, (nodeid, nlookup) => {
      state.forget(nodeid, nlookup);
    });
    return fuse.NO_REPLY;
  },
  getattr(state, { nodeid, out }) {
    const err = statxAt(state.fd(nodeid), SELF, stat);
    if (err < 0) return err;
    fuse.attrOut(out, FOREVER, 0, attr());
    return OK;
  },
  setattr(state, { nodeid, out }, arg) {
    const fd = state.fd(nodeid);
    const has = (bit: number): boolean => (arg.valid & bit) !== 0;
    let err = 0;
    if (has(constants.FATTR_UID | constants.FATTR_GID)) {
      const uid = has(constants.FATTR_UID) ? arg.uid & limits.idMask : KEEP_ID;
      err = chownAt(fd, SELF, uid, has(constants.FATTR_GID) ? arg.gid & limits.idMask : KEEP_ID);
    }
    if (err >= 0 && has(constants.FATTR_MODE)) err = chmodAt(fd, SELF, arg.mode & 0o7777);
    if (err >= 0 && has(constants.FATTR_SIZE)) err = opened(fd, O_RDWR, (file) => ftruncate(file, arg.size));
    if (err >= 0 && has(constants.FATTR_ATIME | constants.FATTR_MTIME)) err = setTimes(fd, arg);
    if (err >= 0) err = statxAt(fd, SELF, stat);
    if (err < 0) return err;
    fuse.attrOut(out, FOREVER, 0, attr());
    return OK;
  },
  readlink(state, { nodeid, out }) {
    const target = readlinkat(state.fd(nodeid), SELF);
    if (typeof target === 'number') return target;
    out.name(target);
    return OK;
  },
  symlink(state, req, { name, target }) {
    if (tooLong(name) || target.length > limits.symlinkMax) return ENAMETOOLONG;
    const err = symlinkat(target, state.fd(req.nodeid), name);
    return err < 0 ? err : Math.min(give(state, req, name, null), replyEntry(state, req, name));
  },
  mknod(state, req, { name, mode, umask: mask, rdevMajor, rdevMinor }) {
    if (tooLong(name)) return ENAMETOOLONG;
    const masked = mode & ~mask;
    const err = mknodat(state.fd(req.nodeid), name, masked, rdevMajor, rdevMinor);
    return err < 0 ? err : Math.min(give(state, req, name, masked), replyEntry(state, req, name));
  },
  mkdir(state, req, { name, mode, umask: mask }) {
    if (tooLong(name)) return ENAMETOOLONG;
    const err = mkdirat(state.fd(req.nodeid), name, mode & ~mask);
    return err < 0 ? err : Math.min(give(state, req, name, null), replyEntry(state, req, name));
  },
  unlink: (state, { nodeid }, { name }) => unlinkat(state.fd(nodeid), name),
  rmdir: (state, { nodeid }, { name }) => rmdirat(state.fd(nodeid), name),
  rename(state, { nodeid }, { newdir, oldname, newname, flags }) {
    if (tooLong(newname)) return ENAMETOOLONG;
    if ((flags & ~limits.renameFlags) !== 0) return EINVAL;
    return renameat2(state.fd(nodeid), oldname, state.fd(newdir), newname, flags & RENAME_NOREPLACE);
  },
  link(state, req, { oldnodeid, name }) {
    if (tooLong(name)) return ENAMETOOLONG;
    const err = linkat(state.fd(oldnodeid), SELF, state.fd(req.nodeid), name);
    return err < 0 ? err : replyEntry(state, req, name);
  },
  open(state, { nodeid, out }, { flags }) {
    // The kernel appends at the end that it knows, and cuts by SETATTR.
    const fd = reopen(state.fd(nodeid), (flags & 3) === O_RDONLY ? O_RDONLY : O_RDWR);
    if (fd < 0) return fd;
    // Without the page cache there is no shared mapping.
    fuse.openOut(out, fd, limits.sharedMmap ? 0 : constants.FOPEN_DIRECT_IO);
    return OK;
  },
  create(state, req, { name, mode, umask: mask }) {
    if (tooLong(name)) return ENAMETOOLONG;
    const masked = mode & ~mask & 0o7777;
    const fd = openat(state.fd(req.nodeid), name, O_CREAT | O_EXCL | O_RDWR, masked);
    if (fd < 0) return fd;
    const given = give(state, req, name, masked);
    const made = given < 0 ? given : replyEntry(state, req, name);
    if (made < 0) close(fd);
    else fuse.openOut(req.out, fd, limits.sharedMmap ? 0 : constants.FOPEN_DIRECT_IO);
    return made;
  },
  release(_, __, { fh }) {
    return close(fh);
  },
  read(_, { out }, { fh, offset, size }) {
    const n = pread(fh, out.buf, out.pos, size, offset);
    if (n < 0) return n;
    out.pos += n;
    return OK;
  },
  write(_, { out }, { fh, offset, data }) {
    const n = pwrite(fh, data, 0, data.length, offset);
    if (n < 0) return n;
    fuse.writeOut(out, n);
    return OK;
  },
  fsync: (_, __, { fh, fsyncFlags }) => ((fsyncFlags & 1) !== 0 ? fdatasync(fh) : fsync(fh)),
  fsyncdir: () => OK,
  readdir(state, { nodeid, out }, { offset, size }) {
    out.limit = Math.min(out.limit, out.pos + size);
    const fd = reopen(state.fd(nodeid), O_RDONLY | O_DIRECTORY);
    if (fd < 0) return fd;
    let at = 0;
    let fits = true;
    while (fits && cursor.fill(fd) > 0)
      while (fits && cursor.next())
        if (++at > offset) fits = fuse.dirent(out, cursor.inoLo, cursor.inoHi, at, cursor.type, cursor.name);
    close(fd);
    return OK;
  },
  statfs(state, { nodeid, out }) {
    const found = fstatfs(state.fd(nodeid));
    if (typeof found === 'number') return found;
    fuse.statfsOut(out, { ...found, namelen: limits.nameMax });
    return OK;
  },
  setxattr(state, { nodeid }, { name, value, flags }) {
    if (!limits.acl && name.startsWith('system.')) return EOPNOTSUPP;
    return value.length > limits.xattrMax ? ENOSPC : setxattr(state.fd(nodeid), SELF, name, value, flags);
  },
  getxattr(state, { nodeid, out }, { name, size }) {
    if (!limits.acl && name.startsWith('system.')) return EOPNOTSUPP;
    const value = Buffer.alloc(65_536);
    return answer(out, size, value, getxattr(state.fd(nodeid), SELF, name, value));
  },
  listxattr(state, { nodeid, out }, { size }) {
    const names = Buffer.alloc(65_536);
    return answer(out, size, names, listxattrInto(state.fd(nodeid), SELF, names));
  },
  removexattr: (state, { nodeid }, { name }) =>
    !limits.acl && name.startsWith('system.') ? ENODATA : removexattr(state.fd(nodeid), SELF, name),
};

function answer(out: Request['out'], size: number, value: Buffer, length: number): number {
  if (length < 0) return length;
  if (size === 0) fuse.getxattrOut(out, length);
  else if (length > size) return ERANGE;
  else out.bytes(value.subarray(0, length));
  return OK;
}

/** `.fault STEP[,STEP] ERROR N [lasting]`: that of these steps fails which N others of them have gone before; `.fault` alone ends it. */
function plan(state: State, order: ByteString): number {
  const [, steps = '', error = '', n = '', lasting] = order.split(' ');
  state.fault = null;
  const err = ERRORS[error];
  if (err !== undefined)
    state.fault = { steps: new Set(steps.split(',')), err, left: Number(n), lasting: lasting !== undefined };
  return ENOENT;
}

/** An operation that may be the step that is to fail. */
function failing([name, operation]: [string, unknown]): [string, unknown] {
  const serve = operation as (state: State, req: Request, arg: unknown) => number;
  const faulty = (state: State, req: Request, arg: unknown): number => {
    const { fault } = state;
    if (fault?.steps.has(name) === true && --fault.left < 0 && (fault.lasting || fault.left === -1)) return fault.err;
    return serve(state, req, arg);
  };
  return [name, faulty];
}

const all = { ...whole, ...(whole.rename === undefined ? {} : { rename2: whole.rename }) };
export const operations = Object.fromEntries(Object.entries(all).map(failing)) as Partial<Operations<State>>;

// The directory is opened, and /proc entered, in the serving thread alone.
enterProc(openSync('/proc', 'r'));
umask(0);
export const context = new State();
