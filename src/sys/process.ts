// This process and its threads: directories, namespaces, exec, capabilities, limits, locks, signals.
// Working directory, root and umask are a thread's own once it has called unshare(CLONE_FS) or `enterProc`.

import type { ByteString } from '../bytes.ts';
import type { Errno } from '../errno.ts';
import { workingDirectoryIsProc } from './at.ts';
import { BUF, PTR, addressOf, declare, failure, result } from './koffi.ts';
import { setCloseOnExec } from './open.ts';
import { cString, getU64, path, putI64, struct, structI32, structU32 } from './scratch.ts';

export const CLONE_FS = 0x200;
export const CLONE_NEWNS = 0x20000;
export const CLONE_NEWUTS = 0x4000000;
export const CLONE_NEWUSER = 0x10000000;
export const CLONE_NEWPID = 0x20000000;

export const PR_SET_PDEATHSIG = 1;
export const PR_GET_DUMPABLE = 3;
export const PR_SET_DUMPABLE = 4;
export const PR_SET_NO_NEW_PRIVS = 38;
export const PR_CAP_AMBIENT = 47;
export const PR_CAP_AMBIENT_CLEAR_ALL = 4;
export const PR_SET_IO_FLUSHER = 57;

export const MCL_CURRENT = 1;
export const MCL_FUTURE = 2;
export const MCL_ONFAULT = 4;

export const LOCK_SH = 1;
export const LOCK_EX = 2;
export const LOCK_NB = 4;
export const LOCK_UN = 8;

const RLIMIT_NOFILE = 7;
const SIGPIPE = 13;
const SIGXFSZ = 25;
const SIG_SETMASK = 2;
const CAPABILITY_VERSION_3 = 0x20080522;

const cExit = declare('_exit', 'int', ['int']);
const cYield = declare('sched_yield', 'int', []);
const cUnshare = declare('unshare', 'int', ['int']);
const cChroot = declare('chroot', 'int', [PTR]);
const cChdir = declare('chdir', 'int', [PTR]);
const cFchdir = declare('fchdir', 'int', ['int']);
const cUmask = declare('umask', 'int', ['uint32_t']);
const cExecve = declare('execve', 'int', [BUF, BUF, BUF]);
const cSignal = declare('signal', 'int64_t', ['int', 'int64_t']);
const cSigmask = declare('pthread_sigmask', 'int', ['int', PTR, PTR]);
const cPrctl = declare('prctl', 'int', ['int', 'uint64_t', 'uint64_t', 'uint64_t', 'uint64_t']);
const cCapget = declare('capget', 'int', [PTR, PTR]);
const cCapset = declare('capset', 'int', [PTR, PTR]);
const cMlockall = declare('mlockall', 'int', ['int']);
const cPrlimit = declare('prlimit', 'int', ['int', 'int', PTR, PTR]);
const cFlock = declare('flock', 'int', ['int', 'int']);
const cKill = declare('kill', 'int', ['int', 'int']);
const cSetpgid = declare('setpgid', 'int', ['int', 'int']);
const cSetsid = declare('setsid', 'int', []);
const cGetuid = declare('getuid', 'int', []);
const cGetgid = declare('getgid', 'int', []);
const cGettid = declare('gettid', 'int', []);

/**
 * Gives this thread a working directory of its own, the root of the proc filesystem behind `procFd`, so that what a descriptor
 * refers to can be named (at.ts) without passing through `/`. Once per thread.
 */
export function enterProc(procFd: number): number {
  if (cUnshare(CLONE_FS) < 0) return failure();
  if (cFchdir(procFd) < 0) return failure();
  workingDirectoryIsProc();
  return 0;
}

/** unshare(2), for this thread alone. EINVAL for CLONE_NEWUSER, since Node always has several threads. */
export function unshare(flags: number): number {
  return result(cUnshare(flags));
}

/** Has the calling thread's processor run whoever else waits for it, if anybody does. */
export function yieldProcessor(): void {
  cYield();
}

/** Root directory := what the path leads to. The working directory stays. */
export function chroot(name: ByteString): number {
  return result(cChroot(path(name)));
}

export function chdir(name: ByteString): number {
  return result(cChdir(path(name)));
}

export function fchdir(fd: number): number {
  return result(cFchdir(fd));
}

/** Sets the file mode creation mask: the former one. */
export function umask(mask: number): number {
  return cUmask(mask);
}

function vector(strings: readonly ByteString[]): { readonly pointers: Buffer; readonly kept: readonly Buffer[] } {
  const kept = strings.map(cString);
  const pointers = Buffer.alloc(8 * (kept.length + 1));
  kept.forEach((bytes, i) => pointers.writeBigUInt64LE(BigInt(addressOf(bytes)), 8 * i));
  return { pointers, kept };
}

function inheritStandardDescriptors(inherit: boolean): void {
  for (let fd = 0; fd <= 2; fd++) setCloseOnExec(fd, !inherit);
}

/**
 * execve(2): returns only when it fails. Undoes what Node did to this process and a program would inherit: descriptors 0 to 2 closed by
 * exec, SIGPIPE and SIGXFSZ ignored; and empties the signal mask. Works from any thread, which becomes the process.
 */
export function execve(file: ByteString, argv: readonly ByteString[], envp: readonly ByteString[]): number {
  const args = vector(argv);
  const env = vector(envp);
  inheritStandardDescriptors(true);
  const pipeHandler = cSignal(SIGPIPE, 0);
  const sizeHandler = cSignal(SIGXFSZ, 0);
  structU32.fill(0, 0, 64);
  cSigmask(SIG_SETMASK, struct, struct + 128);
  cExecve(cString(file), args.pointers, env.pointers);
  const err = failure();
  cSigmask(SIG_SETMASK, struct + 128, 0);
  cSignal(SIGPIPE, pipeHandler);
  cSignal(SIGXFSZ, sizeHandler);
  inheritStandardDescriptors(false);
  // Both vectors hold the memory that `pointers` names: they are used here so that they live until now.
  return args.kept.length === argv.length && env.kept.length === envp.length ? err : 0;
}

/** prctl(2): PR_SET_IO_FLUSHER 1; PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL; PR_SET_PDEATHSIG signal; PR_SET_DUMPABLE 0 ... */
export function prctl(option: number, argument: number, third = 0, fourth = 0, fifth = 0): number {
  return result(cPrctl(option, argument, third, fourth, fifth));
}

/** Capability sets of this thread, as bit masks by capability number. */
export interface Capabilities {
  effective: bigint;
  permitted: bigint;
  inheritable: bigint;
}

export const CAP_SYS_ADMIN = 21;

// Header {u32 version, s32 pid} in the first slot, then two of {u32 effective, u32 permitted, u32 inheritable}: low halves, high halves.
function putCapHeader(): void {
  structU32[0] = CAPABILITY_VERSION_3;
  structU32[1] = 0;
}

function capSet(index: number): bigint {
  return BigInt(structU32[2 + index]!) | (BigInt(structU32[5 + index]!) << 32n);
}

function putCapSet(index: number, set: bigint): void {
  structU32[2 + index] = Number(set & 0xffffffffn);
  structU32[5 + index] = Number(set >> 32n);
}

/** Capabilities of this thread. */
export function capget(): Capabilities | Errno {
  putCapHeader();
  if (cCapget(struct, struct + 8) < 0) return failure();
  return { effective: capSet(0), permitted: capSet(1), inheritable: capSet(2) };
}

/** Sets this thread's capabilities; EPERM to gain one. */
export function capset(sets: Capabilities): number {
  putCapHeader();
  putCapSet(0, sets.effective);
  putCapSet(1, sets.permitted);
  putCapSet(2, sets.inheritable);
  return result(cCapset(struct, struct + 8));
}

/** Keeps this process's memory from being swapped out (MCL_*). ENOMEM or EPERM without the right. */
export function mlockall(flags: number): number {
  return result(cMlockall(flags));
}

/** A limit; Infinity for none. */
export interface Limit {
  soft: number;
  hard: number;
}

const RLIM_INFINITY = 2 ** 64;

function limitAt(slot: number): number {
  const n = getU64(slot);
  return n >= RLIM_INFINITY ? Infinity : n;
}

function putLimit(slot: number, n: number): void {
  if (n === Infinity) {
    structI32[slot * 2] = -1;
    structI32[slot * 2 + 1] = -1;
  } else putI64(slot, n);
}

/** How many descriptors this process may have. */
export function descriptorLimit(): Limit | Errno {
  if (cPrlimit(0, RLIMIT_NOFILE, 0, struct) < 0) return failure();
  return { soft: limitAt(0), hard: limitAt(1) };
}

/** Sets it; EPERM to raise `hard` without CAP_SYS_RESOURCE, EINVAL for `soft` above `hard`. */
export function setDescriptorLimit(limit: Limit): number {
  putLimit(0, limit.soft);
  putLimit(1, limit.hard);
  return result(cPrlimit(0, RLIMIT_NOFILE, struct, 0));
}

/** flock(2); EAGAIN with LOCK_NB when another open file holds it. */
export function flock(fd: number, operation: number): number {
  return result(cFlock(fd, operation));
}

/** Sends a signal (0: only asks whether the process is there); ESRCH, EPERM. */
export function kill(pid: number, signal: number): number {
  return result(cKill(pid, signal));
}

export function setpgid(pid: number, group: number): number {
  return result(cSetpgid(pid, group));
}

export function setsid(): number {
  return result(cSetsid());
}

export function getuid(): number {
  return cGetuid() >>> 0;
}

export function getgid(): number {
  return cGetgid() >>> 0;
}

/** The kernel's number of this thread. */
export function gettid(): number {
  return cGettid();
}

/** Ends the process at once, whatever its threads are doing. */
export function exitNow(status: number): void {
  cExit(status);
}
