// Listing a directory: getdents64(2) and a cursor over what it returned. Knows no order and no merge; `.` and `..` are left out.

import type { ByteString } from '../bytes.ts';
import { PTR, declare, result } from './koffi.ts';
import { span } from './scratch.ts';

const DT_UNKNOWN = 0;
export const DT_FIFO = 1;
export const DT_CHR = 2;
export const DT_DIR = 4;
export const DT_BLK = 6;
export const DT_REG = 8;
export const DT_LNK = 10;
export const DT_SOCK = 12;

// struct linux_dirent64: u64 ino, s64 off, u16 reclen, u8 type, name, NUL, padding to 8.
const RECLEN = 16;
const TYPE = 18;
const NAME = 19;
const DOT = 0x2e;

const cGetdents = declare('getdents64', 'int64_t', ['int', PTR, 'size_t']);
const cSeek = declare('lseek', 'int64_t', ['int', 'int64_t', 'int']);

/** Reads directory records into `bytes`: the number of bytes, 0 at the end. ENOENT when the directory was removed. */
export function getdents(fd: number, bytes: Buffer): number {
  return result(cGetdents(fd, span(bytes, 0, bytes.length), bytes.length));
}

/** A reusable reader of a directory: `fill` reads a batch, `next` steps through it, the fields are the current entry. */
export class DirCursor {
  name = '' as ByteString;
  /** DT_*; 0 where the filesystem does not say. */
  type: number = DT_UNKNOWN;
  inoLo = 0;
  inoHi = 0;
  /** Position after this entry (a cookie of the filesystem, all 64 bits), for `seekDir`. */
  offLo = 0;
  offHi = 0;
  readonly #bytes: Buffer;
  readonly #words: Int32Array;
  #at = 0;
  #end = 0;

  constructor(capacity = 32768) {
    this.#bytes = Buffer.allocUnsafeSlow(capacity & ~7);
    this.#words = new Int32Array(this.#bytes.buffer, 0, this.#bytes.length >> 2);
  }

  /** Reads the next batch of an open directory: bytes read, 0 at its end, or an Errno. */
  fill(fd: number): number {
    const n = getdents(fd, this.#bytes);
    this.#at = 0;
    this.#end = n > 0 ? n : 0;
    return n;
  }

  /** Takes a batch that `getdents` has read elsewhere. */
  load(batch: Uint8Array): void {
    this.#bytes.set(batch);
    this.#at = 0;
    this.#end = batch.length;
  }

  /** Steps to the next entry of the batch; false after its last. */
  next(): boolean {
    const bytes = this.#bytes;
    while (this.#at < this.#end) {
      const at = this.#at;
      const words = this.#words;
      const end = at + (words[(at + RECLEN) >> 2]! & 0xffff);
      this.#at = end;
      const start = at + NAME;
      if (bytes[start] === DOT && (bytes[start + 1] === 0 || (bytes[start + 1] === DOT && bytes[start + 2] === 0)))
        continue;
      // The NUL is within the last 8 bytes of the record; what follows it is not cleared by the kernel.
      let nul = end - 8 > start ? end - 8 : start;
      while (bytes[nul] !== 0) nul++;
      this.name = bytes.toString('latin1', start, nul) as ByteString;
      this.type = bytes[at + TYPE]!;
      const word = at >> 2;
      this.inoLo = words[word]!;
      this.inoHi = words[word + 1]!;
      this.offLo = words[word + 2]!;
      this.offHi = words[word + 3]!;
      return true;
    }
    return false;
  }
}

/** Moves an open directory to a position that a cursor gave; (0, 0) is the start. */
export function seekDir(fd: number, offLo: number, offHi: number): number {
  const off = offHi === 0 ? offLo >>> 0 : (BigInt(offHi) << 32n) | BigInt(offLo >>> 0);
  const at = cSeek(fd, off, 0);
  return at < 0 ? result(-1) : 0;
}
