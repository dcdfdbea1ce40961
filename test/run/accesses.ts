// What a command used of a disk, worked out from strace's account alone: what must be on flash after it, and what may be. Nothing of src/ is
// used, so that an error there cannot hide here.

import { closeSync, openSync, readSync } from 'node:fs';
import { lstatIn, walk } from './disk-resolver.ts';
import type { Walk } from './disk-resolver.ts';
import type { Arg, Call } from './trace.ts';

/** Absolute paths in the tree that was the command's root. */
export interface Accesses {
  /** Opened, executed, found by name, followed: flash must have them. Value: the call that says so. */
  readonly needed: Map<string, string>;
  /** All that any call named or passed, in success or not. */
  readonly named: Set<string>;
}

/** How a call's last component is treated, by position of its path among the arguments. */
interface Form {
  /** Index of the path; the one before it is a directory's descriptor when `at`. */
  readonly path: number;
  readonly at?: true;
  /** False: the path itself is the object, also when it is a symlink. */
  readonly follow: boolean | ((args: readonly Arg[]) => boolean);
}

const without = (flag: string) => (args: readonly Arg[]) => !args.some(({ text }) => text.split('|').includes(flag));
const withFlag = (flag: string) => (args: readonly Arg[]) => !without(flag)(args);
const opens = (args: readonly Arg[]) =>
  without('O_NOFOLLOW')(args) && !(withFlag('O_CREAT')(args) && withFlag('O_EXCL')(args));

const follows: Form = { path: 0, follow: true };
const itself: Form = { path: 0, follow: false };
const followsAt: Form = { path: 1, at: true, follow: without('AT_SYMLINK_NOFOLLOW') };
const itselfAt: Form = { path: 1, at: true, follow: false };

const FORMS: Readonly<Record<string, readonly Form[]>> = {
  open: [{ path: 0, follow: opens }],
  creat: [follows],
  openat: [{ path: 1, at: true, follow: opens }],
  openat2: [{ path: 1, at: true, follow: opens }],
  execve: [follows],
  execveat: [followsAt],
  stat: [follows],
  lstat: [itself],
  newfstatat: [followsAt],
  statx: [followsAt],
  statfs: [follows],
  access: [follows],
  faccessat: [{ path: 1, at: true, follow: true }],
  faccessat2: [followsAt],
  readlink: [itself],
  readlinkat: [itselfAt],
  chdir: [follows],
  chroot: [follows],
  chmod: [follows],
  fchmodat: [{ path: 1, at: true, follow: true }],
  chown: [follows],
  lchown: [itself],
  fchownat: [followsAt],
  utimensat: [followsAt],
  truncate: [follows],
  getxattr: [follows],
  listxattr: [follows],
  lgetxattr: [itself],
  llistxattr: [itself],
  mkdir: [itself],
  mkdirat: [itselfAt],
  mknod: [itself],
  mknodat: [itselfAt],
  rmdir: [itself],
  unlink: [itself],
  unlinkat: [itselfAt],
  symlink: [{ path: 1, follow: false }],
  symlinkat: [{ path: 2, at: true, follow: false }],
  link: [itself, { path: 1, follow: false }],
  linkat: [
    { path: 1, at: true, follow: withFlag('AT_SYMLINK_FOLLOW') },
    { path: 3, at: true, follow: false },
  ],
  rename: [itself, { path: 1, follow: false }],
  renameat: [itselfAt, { path: 3, at: true, follow: false }],
  renameat2: [itselfAt, { path: 3, at: true, follow: false }],
  inotify_add_watch: [{ path: 1, follow: true }],
  connect: [{ path: 1, follow: true }],
  bind: [{ path: 1, follow: false }],
};

const OPENING = new Set(['open', 'openat', 'openat2', 'execve', 'execveat']);
const STATING = new Set(['stat', 'lstat', 'newfstatat', 'statx', 'access', 'faccessat', 'faccessat2']);
const READING_LINKS = new Set(['readlink', 'readlinkat']);
const KNOWN_ELSEWISE = new Set([
  'fchdir',
  'clone',
  'clone3',
  'fork',
  'vfork',
  'getdents64',
  'getcwd',
  'mount',
  'umount2',
  'pivot_root',
]);

/**
 * `root`: the tree in which the command ran, by a chroot at the beginning of the trace where it is not `/`; all before it is left out.
 * `cwd`: in the tree.
 */
export function accesses(calls: readonly Call[], root: string, cwd: string): Accesses {
  return new Reading(root, cwd).read(calls);
}

class Reading {
  readonly #root: string;
  readonly #start: string;
  readonly #cwds = new Map<number, string>();
  readonly #parents = new Map<number, number>();
  /** Directories that were read: the kernel may know what is in them without asking by name. */
  readonly #listed = new Set<string>();
  readonly #stated: [path: string, call: string][] = [];
  readonly #found: Accesses = { needed: new Map(), named: new Set() };

  constructor(root: string, cwd: string) {
    this.#root = root;
    this.#start = cwd;
  }

  read(calls: readonly Call[]): Accesses {
    const from = this.#root === '/' ? 0 : calls.findIndex(({ name, result }) => name === 'chroot' && result === 0) + 1;
    if (from === 0 && this.#root !== '/') throw new Error('the trace has no chroot');
    for (const call of calls)
      if (/^(clone3?|v?fork)$/.test(call.name) && (call.result ?? 0) > 0) this.#parents.set(call.result!, call.pid);
    this.#enter(this.#start);
    for (const call of calls.slice(from)) this.#call(call);
    for (const [path, call] of this.#stated)
      if (!this.#listed.has(path.replace(/\/[^/]*$/, '') || '/')) this.#need(path, call);
    return this.#found;
  }

  #call(call: Call): void {
    const { name, args, result, pid } = call;
    if (name === 'fchdir' && result === 0) this.#cwds.set(pid, this.#inTree(args[0]?.path ?? '/'));
    if (name === 'getdents64' && args[0]?.path !== undefined) this.#listed.add(this.#inTree(args[0].path));
    const forms = FORMS[name];
    if (forms === undefined) {
      if (!KNOWN_ELSEWISE.has(name)) throw new Error(`the witness does not know ${name}`);
      return;
    }
    for (const form of forms) {
      const path = args[form.path]?.string;
      if (path === undefined || path === '') continue;
      const base = form.at ? args[form.path - 1]?.path : undefined;
      const cwd = base === undefined ? this.#cwdOf(pid) : this.#inTree(base);
      const follow = typeof form.follow === 'boolean' ? form.follow : form.follow(args);
      const met = walk(this.#root, cwd, path, follow);
      this.#walked(call, met);
      if (name === 'chdir' && result === 0 && met.end !== undefined) this.#cwds.set(pid, met.end);
    }
  }

  #walked(call: Call, met: Walk): void {
    const label = `${call.name} by ${call.pid}`;
    const ok = call.result !== null && call.result >= 0;
    for (const path of met.directories) this.#found.named.add(path);
    // The kernel follows a link before it can know that the walk will fail.
    for (const path of met.followed) this.#need(path, label);
    if (met.end === undefined) return;
    const isLink = met.exists && lstatIn(this.#root, met.end)?.isSymbolicLink() === true;
    // To look at a symlink is not to use it.
    if (!isLink || !STATING.has(call.name)) this.#found.named.add(met.end);
    if (!met.exists || !ok) return;
    if (OPENING.has(call.name)) this.#need(met.end, label);
    else if (READING_LINKS.has(call.name)) this.#need(met.end, label);
    else if (STATING.has(call.name) && lstatIn(this.#root, met.end)?.isFile()) this.#stated.push([met.end, label]);
    if (call.name === 'execve' || call.name === 'execveat') this.#executed(met.end);
  }

  /** The kernel opens what a program names as its interpreter; no call shows that. */
  #executed(path: string): void {
    const interpreter = interpreterOf(this.#root, path);
    if (interpreter === undefined) return;
    const met = walk(this.#root, '/', interpreter, true);
    this.#walked({ pid: 0, name: 'execve', args: [], result: 0, errno: null }, met);
  }

  #enter(cwd: string): void {
    this.#walked({ pid: 0, name: 'chdir', args: [], result: 0, errno: null }, walk(this.#root, '/', cwd, true));
  }

  #need(path: string, call: string): void {
    this.#found.named.add(path);
    if (!this.#found.needed.has(path)) this.#found.needed.set(path, call);
  }

  #cwdOf(pid: number): string {
    const known = this.#cwds.get(pid);
    if (known !== undefined) return known;
    const parent = this.#parents.get(pid);
    const cwd = parent === undefined ? this.#start : this.#cwdOf(parent);
    this.#cwds.set(pid, cwd);
    return cwd;
  }

  /** strace stands outside of the tree. */
  #inTree(path: string): string {
    if (this.#root === '/') return path;
    return path === this.#root ? '/' : path.startsWith(`${this.#root}/`) ? path.slice(this.#root.length) : path;
  }
}

const PT_INTERP = 3;

/** The interpreter that a script or a (64-bit, little-endian) ELF program names. */
function interpreterOf(root: string, path: string): string | undefined {
  const file = openSync(Buffer.from(root === '/' ? path : root + path, 'latin1'), 'r');
  try {
    const head = read(file, 0, 256);
    if (head.toString('latin1', 0, 2) === '#!') return /^#![ \t]*([^ \t\n]+)/.exec(head.toString('latin1'))?.[1];
    if (head.toString('latin1', 1, 4) !== 'ELF') return undefined;
    const table = Number(head.readBigUInt64LE(32));
    const size = head.readUInt16LE(54);
    for (let i = 0; i < head.readUInt16LE(56); i++) {
      const entry = read(file, table + i * size, size);
      if (entry.readUInt32LE(0) !== PT_INTERP) continue;
      const name = read(file, Number(entry.readBigUInt64LE(8)), Number(entry.readBigUInt64LE(32)));
      return name.toString('latin1').replace(/\0.*$/s, '');
    }
    return undefined;
  } finally {
    closeSync(file);
  }
}

function read(file: number, at: number, length: number): Buffer {
  const buffer = Buffer.alloc(length);
  return buffer.subarray(0, readSync(file, buffer, 0, length, at));
}
