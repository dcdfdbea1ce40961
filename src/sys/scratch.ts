// Memory that is handed to the kernel: one block per thread with fixed rooms, so that a call allocates nothing.
// Rooms hold their content only until the next call of this layer on the same thread; nothing here outlives a call.

import type { ByteString } from '../bytes.ts';
import { addressOf } from './koffi.ts';

const PATH_MAX = 4096;
const PATH_ROOM = PATH_MAX + 8;
const SECOND_PATH = PATH_ROOM;
const STRUCT = 2 * PATH_ROOM;
const STRUCT_ROOM = 512;
const TARGET = STRUCT + STRUCT_ROOM;
const SIZE = TARGET + PATH_ROOM;

const memory = Buffer.allocUnsafeSlow(SIZE).fill(0);
const base = addressOf(memory);

/** Address of an empty C string, for AT_EMPTY_PATH. */
export const emptyPath = base + SIZE - 1;
/** Address of the room for a structure (512 bytes, 8-aligned), seen by `structU32` and its kin. */
export const struct = base + STRUCT;
export const structU16 = new Uint16Array(memory.buffer, STRUCT, STRUCT_ROOM / 2);
export const structI32 = new Int32Array(memory.buffer, STRUCT, STRUCT_ROOM / 4);
export const structU32 = new Uint32Array(memory.buffer, STRUCT, STRUCT_ROOM / 4);
/** Address and capacity of the room for a symlink target. */
export const target = base + TARGET;
export const targetSize = PATH_MAX;

/** The first `length` bytes of the target room. */
export function targetBytes(length: number): ByteString {
  return memory.toString('latin1', TARGET, TARGET + length) as ByteString;
}

const SHORT = 16;

// A path of 4096 bytes or more is cut to 4096, which leaves no NUL within PATH_MAX: the kernel says ENAMETOOLONG by itself.
function put(at: number, path: ByteString): void {
  let length = path.length;
  if (length <= SHORT) {
    for (let i = 0; i < length; i++) memory[at + i] = path.charCodeAt(i);
  } else {
    if (length > PATH_MAX) length = PATH_MAX;
    memory.write(path, at, length, 'latin1');
  }
  memory[at + length] = 0;
}

/** Writes a path into the first path room; its address. */
export function path(bytes: ByteString): number {
  put(0, bytes);
  return base;
}

/** Writes a path (or an xattr name) into the second path room; its address. */
export function secondPath(bytes: ByteString): number {
  put(SECOND_PATH, bytes);
  return base + SECOND_PATH;
}

/** A NUL-terminated copy, for calls with more strings than rooms. */
export function cString(bytes: ByteString): Buffer {
  return Buffer.from(`${bytes}\0`, 'latin1');
}

/** Stores a 64-bit integer (|value| <= 2^53) at 8-byte index `slot` of the structure room. */
export function putI64(slot: number, value: number): void {
  structU32[slot * 2] = value;
  structI32[slot * 2 + 1] = Math.floor(value / 0x1_0000_0000);
}

/** The signed 64-bit integer at 8-byte index `slot` of the structure room, as a number. */
export function getI64(slot: number): number {
  return structI32[slot * 2 + 1]! * 0x1_0000_0000 + structU32[slot * 2]!;
}

/** The unsigned 64-bit integer at 8-byte index `slot` of the structure room, as a number. */
export function getU64(slot: number): number {
  return structU32[slot * 2 + 1]! * 0x1_0000_0000 + structU32[slot * 2]!;
}

let pinned: Uint8Array = memory;
let pinnedAddress = base;
let previous: Uint8Array = memory;
let previousAddress = base;

/**
 * Address of byte `offset` of a caller's buffer, of which `length` bytes will be used. The addresses of the last two buffers are kept,
 * since a thread mostly uses these. A typed array's memory moves only when it is transferred, which leaves it with length 0.
 * @throws RangeError when the bytes are not all within the buffer: the kernel would write into foreign memory.
 */
export function span(bytes: Uint8Array, offset: number, length: number): number {
  if (!(offset >= 0 && length >= 0 && offset + length <= bytes.length)) {
    throw new RangeError(`bytes ${String(offset)}+${String(length)} of a buffer of ${String(bytes.length)}`);
  }
  if (bytes === pinned) return pinnedAddress + offset;
  if (bytes === previous) return previousAddress + offset;
  previous = pinned;
  previousAddress = pinnedAddress;
  pinned = bytes;
  pinnedAddress = addressOf(bytes);
  return pinnedAddress + offset;
}
