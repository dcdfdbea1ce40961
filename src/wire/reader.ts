// A bounds-checked cursor over one received frame. Knows no opcode.
// It never reads outside [start, end) even when the buffer is larger (it holds older frames there), and one Reader serves
// all requests of a session. Views that it hands out are valid until the buffer is received into again.

import { asBytes } from '../bytes.ts';
import type { ByteString } from '../bytes.ts';
import { EFBIG } from '../errno.ts';
import { LITTLE } from './endian.ts';
import { FrameError } from './frame-error.ts';

const WORD = 0x1_0000_0000;
const MAX_SAFE_HI = 0x1f_ffff;
const NONE = Buffer.alloc(0);

/** Node's Buffer has this method on every version; @types/node 20 does not declare it, and toString('latin1') is slower. */
interface Latin1Slice {
  latin1Slice(start: number, end: number): string;
}

/** Cursor over the bytes [pos, end) of a frame; every method throws FrameError when they do not hold what it asks for. */
export class Reader {
  buf: Buffer = NONE;
  pos = 0;
  end = 0;
  private view: DataView = new DataView(NONE.buffer, 0, 0);

  /** Starts over at `start`; `end` is exclusive and at most the buffer's length. */
  reset(buf: Buffer, start: number, end: number): void {
    if (buf !== this.buf) {
      this.buf = buf;
      this.view = new DataView(buf.buffer, buf.byteOffset, buf.byteLength);
    }
    this.pos = start;
    this.end = end > buf.length ? buf.length : end;
  }

  /** Bytes not read yet. */
  get left(): number {
    return this.end - this.pos;
  }

  /** Checks, without moving, that `size` bytes are left for `what`. */
  expect(size: number, what: string): void {
    if (size > this.end - this.pos) throw this.short(size, what);
  }

  skip(size: number): void {
    this.take(size, 'padding');
  }

  u16(): number {
    return this.view.getUint16(this.take(2, 'u16'), LITTLE);
  }

  u32(): number {
    return this.view.getUint32(this.take(4, 'u32'), LITTLE);
  }

  /** Also one half of a 64-bit number that is kept as two signed halves. */
  i32(): number {
    return this.view.getInt32(this.take(4, 'i32'), LITTLE);
  }

  /** A number of ours that came back (nodeid, fh, lookup count): beyond 2^53 - 1 it cannot be one. */
  u64(): number {
    const at = this.take(8, 'u64');
    const hi = this.view.getUint32(at + 4, LITTLE);
    if (hi > MAX_SAFE_HI) throw new FrameError('u64 beyond 2^53 - 1', at);
    return hi * WORD + this.view.getUint32(at, LITTLE);
  }

  /** A size, or an offset that will be written to: beyond 2^53 - 1 the FrameError's errno is EFBIG. */
  position(): number {
    const at = this.take(8, 'position');
    const hi = this.view.getUint32(at + 4, LITTLE);
    if (hi > MAX_SAFE_HI) throw new FrameError('position beyond 2^53 - 1', at, EFBIG);
    return hi * WORD + this.view.getUint32(at, LITTLE);
  }

  /** A length or read offset that may be anything up to 2^64 - 1; Number.MAX_SAFE_INTEGER stands for all beyond it. */
  u64sat(): number {
    const at = this.take(8, 'u64');
    const hi = this.view.getUint32(at + 4, LITTLE);
    if (hi > MAX_SAFE_HI) return Number.MAX_SAFE_INTEGER;
    return hi * WORD + this.view.getUint32(at, LITTLE);
  }

  /** Signed seconds, clamped to the safe integers on either side. */
  i64sat(): number {
    const at = this.take(8, 'i64');
    const value = this.view.getInt32(at + 4, LITTLE) * WORD + this.view.getUint32(at, LITTLE);
    if (value > Number.MAX_SAFE_INTEGER) return Number.MAX_SAFE_INTEGER;
    return value < Number.MIN_SAFE_INTEGER ? Number.MIN_SAFE_INTEGER : value;
  }

  /** A NUL-terminated name without its NUL; an empty one is malformed. */
  name(what = 'name'): ByteString {
    const { view, pos, end } = this;
    let nul = pos;
    while (nul < end && view.getUint8(nul) !== 0) nul++;
    if (nul >= end) throw new FrameError(`${what} without its NUL`, pos);
    if (nul === pos) throw new FrameError(`empty ${what}`, pos);
    this.pos = nul + 1;
    return asBytes((this.buf as Buffer & Latin1Slice).latin1Slice(pos, nul));
  }

  /** A view, not a copy, of the next `size` bytes. */
  bytes(size: number, what = 'bytes'): Buffer {
    const at = this.take(size, what);
    return this.buf.subarray(at, at + size);
  }

  /** A view, not a copy, of all bytes left. */
  rest(): Buffer {
    return this.bytes(this.end - this.pos);
  }

  private take(size: number, what: string): number {
    const at = this.pos;
    const next = at + size;
    if (next > this.end) throw this.short(size, what);
    this.pos = next;
    return at;
  }

  private short(size: number, what: string): FrameError {
    return new FrameError(`${what} needs ${String(size)} bytes, ${String(this.end - this.pos)} are left`, this.pos);
  }
}
