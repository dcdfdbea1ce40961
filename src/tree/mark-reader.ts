// Reads a log of marks from its beginning to the first record that does not hold. A log may have a million records, so the three kinds that
// make up nearly all of it go to their place without a record made of them; what they mean is said in marks.ts alone.

import { EIO } from '../errno.ts';
import { pread } from '../sys/io.ts';
import { newStat, statxFd } from '../sys/stat.ts';
import { crc32 } from './crc32.ts';
import { decode, HEADER, i32, KINDS, MAX_PAYLOAD, u16 } from './mark-record.ts';
import type { Marks } from './marks.ts';

export const MAGIC = Buffer.from('rootsync marks 1\n', 'latin1');
const WHITEOUT = KINDS.indexOf('whiteout');
const OPAQUE = KINDS.indexOf('opaque');
const ORIGIN = KINDS.indexOf('origin');
/** i32s of an origin, and whether a path follows. */
const ORIGIN_TAIL = 17;

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
  const { disk, merged } = marks;
  let pos = MAGIC.length;
  let records = 0;
  let damaged = false;
  while (pos + HEADER <= buf.length) {
    const length = i32(buf, pos);
    const start = pos + HEADER;
    const end = start + length;
    damaged = length <= 0 || length > MAX_PAYLOAD;
    if (damaged || end > buf.length) break;
    damaged = crc32(buf, start, end) !== i32(buf, pos + 4);
    if (damaged) break;
    const kind = buf[start]!;
    const pathEnd = length < 3 ? end : start + 3 + u16(buf, start + 1);
    if (kind === WHITEOUT && pathEnd === end) marks.whiteoutAt(disk.ensureAt(buf, start + 3, end), 0);
    else if (kind === OPAQUE && pathEnd === end) marks.opaqueAt(disk.ensureAt(buf, start + 3, end), 0);
    else if (kind === ORIGIN && pathEnd + ORIGIN_TAIL === end && buf[end - 1] !== 1) {
      marks.originAt(
        merged.ensureAt(buf, start + 3, pathEnd),
        i32(buf, pathEnd),
        i32(buf, pathEnd + 4),
        i32(buf, pathEnd + 8),
        i32(buf, pathEnd + 12),
        null,
        0,
      );
    } else {
      const record = decode(buf, start, end);
      damaged = record === null;
      if (record === null) break;
      marks.apply(record, 0);
    }
    records++;
    pos = end;
  }
  return { size: pos, records, torn: buf.length - pos, damaged: damaged && !isZero(buf, pos) };
}

function isZero(buf: Buffer, from: number): boolean {
  for (let i = from; i < buf.length; i++) if (buf[i] !== 0) return false;
  return true;
}
