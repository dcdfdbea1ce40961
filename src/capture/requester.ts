// Who asks: read from /proc while the requester waits in the kernel. Knows /proc as a directory descriptor, never as a path.
//
// A process is read through a descriptor of its `stat`, which is kept: it stays that process's (ESRCH once it is gone, whoever has its
// pid then), so that one pread tells whether what is known of it still holds. `stat` and `exe` take no lock that a process may hold
// while it waits for us (`cmdline` and `environ` would: a page fault on a file of ours holds the memory map).

import { asBytes, display } from '../bytes.ts';
import type { ByteString } from '../bytes.ts';
import { pread } from '../sys/io.ts';
import { readlinkat } from '../sys/link.ts';
import { O_RDONLY, close, openat } from '../sys/open.ts';

export interface Process {
  readonly pid: number;
  /** The name that the process has given itself, at most 15 bytes; empty when it is gone. */
  readonly comm: string;
  /** Its program, as the kernel names it, in the merged root if it is there (` (deleted)` at the end included); empty for kernel threads, and when it cannot be read. */
  readonly exe: string;
}

export interface Requester extends Process {
  /** From its parent up to the first process; fewer where a parent is in another pid namespace, at most 32. */
  readonly parents: readonly Process[];
}

const MAX_PARENTS = 32;
const MAX_KEPT = 64;

/**
 * For so long (ms) what is known of a parent is not read again: a burst of opens by one program asks for the same parents each time. A
 * parent that execs and has a child that asks us needs longer; of the one who asks, nothing is taken for granted.
 */
const PARENT_HOLDS = 1;

/** A process or thread whose `stat` is open. */
interface Kept {
  readonly fd: number;
  process: Process;
  /** The same as bytes. */
  comm: string;
  parent: number;
  threads: number;
  /** Where the program and its stack are mapped, which exec changes. */
  image: string;
  /** The process that it is a thread of; 0 until asked for. */
  tgid: number;
  /** performance.now() at the last reading. */
  readAt: number;
}

export class Requesters {
  readonly #procFd: number;
  #prefix = '';
  readonly #kept = new Map<number, Kept>();
  readonly #buffer = Buffer.alloc(2048);
  #now = 0;

  /** `root`: where the merged root is mounted; programs on it are named as they are in it. */
  constructor(procFd: number, root: ByteString) {
    this.#procFd = procFd;
    this.root = root;
  }

  set root(root: ByteString) {
    this.#prefix = root === '/' ? '' : root;
    // Their programs' names were read when it was elsewhere.
    this.close();
  }

  /**
   * The process that `pid`, which may be a thread's, belongs to, as it is now, and its parents; without names when it is gone.
   * null for pid 0: a process of a pid namespace that cannot be seen from here, or the kernel itself.
   */
  read(pid: number): Requester | null {
    if (pid <= 0) return null;
    this.#now = performance.now();
    const thread = this.#look(pid, true);
    if (thread === null) return { pid, comm: '', exe: '', parents: [] };
    let main: Kept = thread;
    if (thread.threads > 1) {
      if (thread.tgid === 0) thread.tgid = this.#tgid(pid);
      if (thread.tgid !== pid) main = this.#look(thread.tgid, true) ?? thread;
    }
    const parents: Process[] = [];
    for (let above = main.parent; above > 0 && parents.length < MAX_PARENTS;) {
      const parent = this.#look(above, false);
      if (parent === null) break;
      parents.push(parent.process);
      above = parent.parent;
    }
    // The main thread may have ended before the others; then it has no program any more, but the thread that asks has.
    return { pid: main.process.pid, comm: main.process.comm, exe: thread.process.exe, parents };
  }

  #inRoot(exe: ByteString): ByteString {
    const { length } = this.#prefix;
    return length > 0 && exe.startsWith(this.#prefix) && exe[length] === '/' ? asBytes(exe.slice(length)) : exe;
  }

  /** Closes what is kept open. */
  close(): void {
    for (const { fd } of this.#kept.values()) close(fd);
    this.#kept.clear();
  }

  /** What `pid` is: `now`, or a moment ago. */
  #look(pid: number, now: boolean): Kept | null {
    let known = this.#kept.get(pid);
    if (known !== undefined && !now && this.#now - known.readAt < PARENT_HOLDS) return known;
    let length = known === undefined ? 0 : pread(known.fd, this.#buffer, 0, this.#buffer.length, 0);
    if (known !== undefined && length <= 0) {
      this.#drop(pid, known);
      known = undefined;
    }
    if (known === undefined) {
      const fd = openat(this.#procFd, file(pid, 'stat'), O_RDONLY);
      if (fd < 0) return null;
      length = pread(fd, this.#buffer, 0, this.#buffer.length, 0);
      if (length <= 0) {
        close(fd);
        return null;
      }
      known = this.#keep(pid, fd);
    }
    known.readAt = this.#now;
    this.#update(pid, known, this.#buffer.toString('latin1', 0, length));
    return known;
  }

  /** Takes over what `stat` says. The name may hold anything but NUL, `) ` too; all behind it is numbers and one letter. */
  #update(pid: number, known: Kept, stat: string): void {
    const end = stat.lastIndexOf(')');
    const comm = stat.slice(stat.indexOf('(') + 1, end);
    // Fields are counted from 1 in proc(5); the third begins two bytes behind the name.
    const ppid = field(stat, end + 2, 4 - 3);
    const threads = field(stat, ppid, 20 - 4);
    const startcode = field(stat, threads, 26 - 20);
    const image = stat.slice(startcode, field(stat, startcode, 29 - 26));
    known.parent = parseInt(stat.slice(ppid, ppid + 11), 10);
    known.threads = parseInt(stat.slice(threads, threads + 11), 10);
    const sameName = comm === known.comm;
    // Without the right to see them, and for what has no memory, the addresses are 0 or 1.
    const sameImage = image === known.image && !/^[01] /.test(image);
    if (sameName && sameImage) return;
    const target = sameImage ? null : readlinkat(this.#procFd, file(pid, 'exe'));
    const exe = target === null ? known.process.exe : typeof target === 'number' ? '' : display(this.#inRoot(target));
    known.image = image;
    known.comm = comm;
    if (!sameName || exe !== known.process.exe) known.process = { pid, comm: display(asBytes(comm)), exe };
  }

  #tgid(pid: number): number {
    const fd = openat(this.#procFd, file(pid, 'status'), O_RDONLY);
    if (fd < 0) return pid;
    const length = pread(fd, this.#buffer, 0, this.#buffer.length, 0);
    close(fd);
    // The name is on the first line, its newlines escaped.
    const found = length > 0 ? /\nTgid:\t(\d+)\n/.exec(this.#buffer.toString('latin1', 0, length)) : null;
    return found === null ? pid : Number(found[1]);
  }

  #keep(pid: number, fd: number): Kept {
    if (this.#kept.size >= MAX_KEPT) this.#dropOldest();
    const process = { pid, comm: '', exe: '' };
    const known: Kept = { fd, process, comm: '', parent: 0, threads: 1, image: '', tgid: 0, readAt: 0 };
    this.#kept.set(pid, known);
    return known;
  }

  #dropOldest(): void {
    let oldest: [number, Kept] | null = null;
    for (const entry of this.#kept) if (oldest === null || entry[1].readAt < oldest[1].readAt) oldest = entry;
    if (oldest !== null) this.#drop(...oldest);
  }

  #drop(pid: number, known: Kept): void {
    close(known.fd);
    this.#kept.delete(pid);
  }
}

function file(pid: number, name: string): ByteString {
  return asBytes(`${pid}/${name}`);
}

/** Where the field begins that is `count` fields behind the one at `at`. */
function field(stat: string, at: number, count: number): number {
  let position = at;
  for (let i = 0; i < count; i++) position = stat.indexOf(' ', position) + 1;
  return position;
}
