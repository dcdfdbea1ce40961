// Reads a log of marks from its beginning to the first record that does not hold. A log may have a million records, so the three kinds that
// make up nearly all of it go to their place without a record made of them; what they mean is said in marks.ts alone.

import { crc32 } from 'node:zlib';
import type { ByteString } from '../bytes.ts';
import { asBytes } from '../bytes.ts';
import { EIO } from '../errno.ts';
import { pread } from '../sys/io.ts';
import { newStat, statxFd } from '../sys/stat.ts';
import { decode, HEADER, KINDS, MAX_PAYLOAD, u16 } from './mark-record.ts';
import { ensure } from './marks.ts';
import type { MarkNode, Marks } from './marks.ts';

export const MAGIC = Buffer.from('rootsync marks 1\n', 'latin1');
const WHITEOUT = KINDS.indexOf('whiteout');
const OPAQUE = KINDS.indexOf('opaque');
const PRUNE = KINDS.indexOf('prune');
const ORIGIN = KINDS.indexOf('origin');
const SLASH = 0x2f;
/** i32s of an origin, and whether a path follows. */
const ORIGIN_TAIL = 17;
/** Payloads up to this many bytes are summed here: calling out for each costs more. */
const SHORT = 512;

export interface LogRead {
  /** Bytes up to where records hold; 0 where not even the beginning of a log is there. */
  readonly size: number;
  readonly records: number;
  /** Bytes behind them. */
  readonly torn: number;
  /** What is behind is not just the beginning of a record, or zeros, as a crash leaves it. */
  readonly damaged: boolean;
}

/** Applies what the log `fd` says to `marks`. Errors: what stat and read give; EIO where the file is not a log of marks. */
export function readLog(fd: number, marks: Marks): LogRead | number {
  const buf = readAll(fd);
  if (typeof buf === 'number') return buf;
  if (buf.length < MAGIC.length && MAGIC.subarray(0, buf.length).equals(buf))
    return { size: 0, records: 0, torn: buf.length, damaged: false };
  if (!buf.subarray(0, MAGIC.length).equals(MAGIC)) return EIO;
  return readRecords(buf, marks);
}

function readAll(fd: number): Buffer | number {
  const stat = newStat();
  const err = statxFd(fd, stat);
  if (err < 0) return err;
  const buf = Buffer.allocUnsafe(stat.size);
  for (let have = 0; have < stat.size;) {
    const n = pread(fd, buf, have, Math.min(stat.size - have, 1 << 24), have);
    if (n <= 0) return n < 0 ? n : EIO;
    have += n;
  }
  return buf;
}

function readRecords(buf: Buffer, marks: Marks): LogRead {
  const hides = new Places(buf, marks.disk);
  const origins = new Places(buf, marks.merged);
  let pos = MAGIC.length;
  let records = 0;
  let damaged = false;
  while (pos + HEADER <= buf.length) {
    const length = buf.readUInt32LE(pos);
    const start = pos + HEADER;
    const end = start + length;
    damaged = length === 0 || length > MAX_PAYLOAD;
    if (damaged || end > buf.length) break;
    damaged = sum(buf, start, end) !== buf.readUInt32LE(pos + 4);
    if (damaged) break;
    const kind = buf[start]!;
    const pathEnd = length < 3 ? end : start + 3 + u16(buf, start + 1);
    if (kind === WHITEOUT && pathEnd === end) marks.whiteoutAt(hides.at(start + 3, end), 0);
    else if (kind === OPAQUE && pathEnd === end) marks.opaqueAt(hides.at(start + 3, end), 0);
    else if (kind === ORIGIN && pathEnd + ORIGIN_TAIL === end && buf[end - 1] !== 1) {
      const origin = {
        inoLo: buf.readInt32LE(pathEnd),
        inoHi: buf.readInt32LE(pathEnd + 4),
        flashLo: buf.readInt32LE(pathEnd + 8),
        flashHi: buf.readInt32LE(pathEnd + 12),
        diskPath: null,
      };
      marks.originAt(origins.at(start + 3, pathEnd), text(buf, start + 3, pathEnd), origin, 0);
    } else {
      const record = decode(buf, start, end);
      damaged = record === null;
      if (record === null) break;
      marks.apply(record, 0);
      if (kind === PRUNE) origins.forget();
    }
    records++;
    pos = end;
  }
  return { size: pos, records, torn: buf.length - pos, damaged: damaged && !isZero(buf, pos) };
}

/** From paths in the log to the nodes of one trie: records of one directory mostly follow each other. */
class Places {
  readonly #buf: Buffer;
  readonly #root: MarkNode;
  readonly #known = new Map<ByteString, MarkNode>();
  /** The last record's directory, and where it stands in the log. */
  #dir: MarkNode | null = null;
  #start = 0;
  #length = 0;

  constructor(buf: Buffer, root: MarkNode) {
    this.#buf = buf;
    this.#root = root;
  }

  at(start: number, end: number): MarkNode {
    const buf = this.#buf;
    let slash = end - 1;
    while (slash >= start && buf[slash] !== SLASH) slash--;
    if (slash <= start) return ensure(this.#root, text(buf, start, end));
    const dir = this.#dir !== null && this.#isLast(start, slash) ? this.#dir : this.#directory(start, slash);
    return dir.ensureChild(text(buf, slash + 1, end));
  }

  /** Nodes have been taken out of the trie. */
  forget(): void {
    this.#known.clear();
    this.#dir = null;
  }

  #isLast(start: number, end: number): boolean {
    if (end - start !== this.#length) return false;
    const buf = this.#buf;
    // Backwards: neighbours differ in the last component.
    for (let i = end - 1, j = this.#start + this.#length - 1; i >= start; i--, j--) if (buf[i] !== buf[j]) return false;
    return true;
  }

  #directory(start: number, end: number): MarkNode {
    const path = text(this.#buf, start, end);
    let node = this.#known.get(path);
    if (node === undefined) this.#known.set(path, (node = ensure(this.#root, path)));
    this.#dir = node;
    this.#start = start;
    this.#length = end - start;
    return node;
  }
}

function text(buf: Buffer, start: number, end: number): ByteString {
  return asBytes(buf.toString('latin1', start, end));
}

const CRC = Int32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let bit = 0; bit < 8; bit++) c = (c & 1) !== 0 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
  return c;
});

function sum(buf: Buffer, start: number, end: number): number {
  if (end - start > SHORT) return crc32(buf.subarray(start, end));
  let c = -1;
  for (let i = start; i < end; i++) c = CRC[(c ^ buf[i]!) & 0xff]! ^ (c >>> 8);
  return ~c >>> 0;
}

function isZero(buf: Buffer, from: number): boolean {
  for (let i = from; i < buf.length; i++) if (buf[i] !== 0) return false;
  return true;
}
