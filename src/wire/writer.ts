// A cursor that writes one frame into a buffer that its caller owns; it allocates nothing per frame. Knows no message.
// Going past the limit is a bug of the caller (it throws): what may not fit asks `room` first.

import type { ByteString } from '../bytes.ts';
import { LITTLE } from './endian.ts';

const WORD = 0x1_0000_0000;
const SHORT_NAME = 32;

/** Writes a safe integer, which may be negative, as 64 bits in two's complement. */
export function setU64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value >>> 0, LITTLE);
  view.setInt32(at + 4, Math.floor(value / WORD), LITTLE);
}

/** Cursor over [pos, limit) of a caller-owned buffer. Every method advances `pos` by exactly what it writes. */
export class Writer {
  readonly buf: Buffer;
  readonly view: DataView;
  pos = 0;
  limit: number;

  constructor(buf: Buffer) {
    this.buf = buf;
    this.view = new DataView(buf.buffer, buf.byteOffset, buf.byteLength);
    this.limit = buf.length;
  }

  /** Goes to `pos`, and does not write at or beyond `limit` from now on. */
  reset(pos: number, limit: number = this.buf.length): void {
    this.pos = pos;
    this.limit = limit > this.buf.length ? this.buf.length : limit;
  }

  /** Bytes that still fit. */
  get room(): number {
    return this.limit - this.pos;
  }

  /** Claims `size` bytes as they are, to be filled through `view` or `buf`; returns where they begin. */
  claim(size: number): number {
    const at = this.pos;
    const next = at + size;
    if (next > this.limit)
      throw new RangeError(`${String(size)} bytes do not fit at ${String(at)} of ${String(this.limit)}`);
    this.pos = next;
    return at;
  }

  u16(value: number): void {
    this.view.setUint16(this.claim(2), value, LITTLE);
  }

  /** Takes a signed value too, as its two's complement. */
  u32(value: number): void {
    this.view.setUint32(this.claim(4), value, LITTLE);
  }

  /** A safe integer, which may be negative. */
  u64(value: number): void {
    setU64(this.view, this.claim(8), value);
  }

  /** A 64-bit number kept as two halves. */
  halves(lo: number, hi: number): void {
    const at = this.claim(8);
    this.view.setInt32(at, lo, LITTLE);
    this.view.setInt32(at + 4, hi, LITTLE);
  }

  zeros(size: number): void {
    const at = this.claim(size);
    this.buf.fill(0, at, at + size);
  }

  bytes(data: Uint8Array): void {
    this.buf.set(data, this.claim(data.length));
  }

  /** The bytes of a name, target or path, without a NUL. */
  name(name: ByteString): void {
    const length = name.length;
    const at = this.claim(length);
    if (length > SHORT_NAME) {
      this.buf.write(name, at, length, 'latin1');
      return;
    }
    for (let i = 0; i < length; i++) this.view.setUint8(at + i, name.charCodeAt(i));
  }
}
