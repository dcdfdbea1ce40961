// The C library, declared for JavaScript. The only importer of koffi; knows no filesystem.
// Pointers are passed as numbers (addresses below 2^53, see scratch.ts) or as Buffers. Variadic C functions (open, fcntl, ioctl,
// prctl, syscall) are declared with a fixed list of integers and pointers: on Linux x86-64, arm64, riscv64 and loong64 such arguments
// travel in the same registers either way. koffi has no build for a big-endian Linux, so structures are read as little-endian.
// A declared function may be called from any thread; its errno must be read (`failure`) before the next call.

import koffi from 'koffi';
import { endianness } from 'node:os';
import type { Errno } from '../errno.ts';

if (endianness() !== 'LE') throw new Error('rootsync needs a little-endian machine');

const libc = koffi.load(null);

/** What C gets: an address, an integer, a Buffer's memory, or NULL. */
export type Argument = number | bigint | Uint8Array | null;

/** C type of an argument that is an address as a number. */
export const PTR = 'int64_t';
/** C type of an argument that is a Buffer or null, where allocation does not matter. */
export const BUF = 'void *';

/** Declares a function of the C library. @throws when the library lacks it. */
export function declare(name: string, result: 'int' | 'int64_t', args: string[]): (...args: Argument[]) => number {
  return libc.func(name, result, args) as (...args: Argument[]) => number;
}

/** The errno of the call that just returned -1, negated. */
export function failure(): Errno {
  return -koffi.errno() as Errno;
}

/** The number that a call returned, or its errno negated. */
export function result(returned: number): number {
  return returned < 0 ? -koffi.errno() : returned;
}

/** Address of the bytes of a Buffer, valid while the Buffer lives and is not transferred. */
export function addressOf(bytes: Uint8Array): number {
  return Number(koffi.address(bytes));
}

const cSyscall = declare('syscall', 'int64_t', new Array<string>(7).fill('int64_t'));

/** syscall(2), for calls that glibc 2.31 does not wrap: the result, or -1 and `failure`. */
export function syscall(number: number, a: number, b: number, c: number, d: number, e: number, f = 0): number {
  return cSyscall(number, a, b, c, d, e, f);
}
