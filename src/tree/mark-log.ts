// The marks on flash: `.rootsync/marks`, append-only. A record is
//   u32 length of the payload | u32 crc32 of the payload | payload = u8 kind, u16 length + bytes of each path, i32s (origin, spent)
// all little-endian. A torn or damaged tail is cut off at the next mount; everything before it holds. Appending reaches the kernel at
// once (a killed daemon loses nothing); what must survive a power cut waits until `durable` has reached the record's number.

import { crc32 } from 'node:zlib';
import type { ByteString } from '../bytes.ts';
import { asBytes } from '../bytes.ts';
import { EIO, ENOSPC } from '../errno.ts';
import { ftruncate } from '../sys/attr.ts';
import { fdatasync, fsync, pread, write } from '../sys/io.ts';
import { renameat2 } from '../sys/link.ts';
import { close, O_APPEND, O_CLOEXEC, O_CREAT, O_RDWR, O_TRUNC, openat } from '../sys/open.ts';
import { newStat, statxFd } from '../sys/stat.ts';
import type { MarkRecord, Marks } from './marks.ts';

const NAME = asBytes('marks');
const NEW_NAME = asBytes('marks.new');
const MAGIC = Buffer.from('rootsync marks 1\n', 'latin1');
const HEADER = 8;
/** Records in a log before it may be rewritten at a mount: when fewer than half of them still say something. */
const WORTH_COMPACTING = 4096;
const KINDS = ['', 'whiteout', 'opaque', 'reveal', 'origin', 'clear', 'prune', 'copy', 'spent', 'home'] as const;
const MAX_PAYLOAD = 1 + 2 * (2 + 65535) + 17;

/** What opening the log found. */
export interface MarkLogOpened {
  readonly log: MarkLog;
  readonly records: number;
  /** Bytes of a torn tail that were cut off. */
  readonly torn: number;
}

export class MarkLog {
  readonly fd: number;
  /** Records appended so far, counted from the mount. */
  appended = 0;
  /** Records known to be on the device. */
  durable = 0;
  #size: number;
  readonly #scratch = Buffer.allocUnsafe(HEADER + MAX_PAYLOAD);

  private constructor(fd: number, size: number) {
    this.fd = fd;
    this.#size = size;
  }

  /**
   * Opens the log in `dirFd`, made where it is missing, and applies what it holds to `marks`.
   * Errors: what open, read and write give; EIO where the file is not a log of marks.
   */
  static open(dirFd: number, marks: Marks): MarkLogOpened | number {
    const before = openFile(dirFd);
    if (before < 0) return before;
    const opened = readLog(before, marks);
    if (typeof opened === 'number') {
      close(before);
      return opened;
    }
    const fd =
      opened.records > WORTH_COMPACTING && opened.records > 2 * marks.count()
        ? compacted(dirFd, marks, before)
        : before;
    if (fd !== before) {
      const size = sizeOf(fd);
      return size < 0 ? size : { log: new MarkLog(fd, size), records: opened.records, torn: opened.torn };
    }
    const log = new MarkLog(fd, opened.size);
    if (opened.torn > 0) ftruncate(fd, opened.size);
    // What a killed daemon left in the kernel's cache is made durable before anything relies on it.
    fdatasync(fd);
    if (opened.size === 0) {
      const n = write(fd, MAGIC, 0, MAGIC.length);
      if (n !== MAGIC.length) {
        ftruncate(fd, 0);
        close(fd);
        return n < 0 ? n : ENOSPC;
      }
      log.#size = MAGIC.length;
      fsync(dirFd);
    }
    return { log, records: opened.records, torn: opened.torn };
  }

  /** Appends one record; its number, or what write gives (ENOSPC: nothing is appended). */
  append(record: MarkRecord): number {
    const length = encode(record, this.#scratch);
    const n = write(this.fd, this.#scratch, 0, length);
    if (n !== length) {
      // Part of a record must never stay: the next one would be behind it.
      ftruncate(this.fd, this.#size);
      return n < 0 ? n : ENOSPC;
    }
    this.#size += length;
    return ++this.appended;
  }

  /** Waits until all that was appended is on the device. */
  sync(): number {
    const upTo = this.appended;
    const err = fdatasync(this.fd);
    if (err >= 0) this.durable = upTo;
    return err;
  }

  /** Bytes of the log. */
  get size(): number {
    return this.#size;
  }

  close(): void {
    close(this.fd);
  }
}

function openFile(dirFd: number): number {
  return openat(dirFd, NAME, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o600);
}

/** The log rewritten, open, in place of `before`; `before` itself where that failed (no room): it is as good, only longer. */
function compacted(dirFd: number, marks: Marks, before: number): number {
  if (compact(dirFd, marks) < 0) return before;
  const fd = openFile(dirFd);
  close(before);
  return fd;
}

function sizeOf(fd: number): number {
  const stat = newStat();
  const err = statxFd(fd, stat);
  return err < 0 ? err : stat.size;
}

/** Rewrites the log in `dirFd` from `marks`, whole or not at all. */
function compact(dirFd: number, marks: Marks): number {
  const fd = openat(dirFd, NEW_NAME, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600);
  if (fd < 0) return fd;
  let err = writeAll(fd, marks);
  if (err >= 0) err = fsync(fd);
  close(fd);
  // A crash before this rename leaves the old log, after it the new one; both say the same.
  return err < 0 ? err : renameat2(dirFd, NEW_NAME, dirFd, NAME, 0);
}

function writeAll(fd: number, marks: Marks): number {
  const chunk = Buffer.allocUnsafe(1 << 20);
  const scratch = Buffer.allocUnsafe(HEADER + MAX_PAYLOAD);
  let used = MAGIC.copy(chunk, 0);
  const flush = (): number => {
    const n = write(fd, chunk, 0, used);
    if (n !== used) return n < 0 ? n : ENOSPC;
    used = 0;
    return 0;
  };
  for (const record of marks.records()) {
    const length = encode(record, scratch);
    if (used + length > chunk.length) {
      const err = flush();
      if (err < 0) return err;
    }
    used += scratch.copy(chunk, used, 0, length);
  }
  return flush();
}

function encode(record: MarkRecord, out: Buffer): number {
  let pos = HEADER;
  out[pos++] = KINDS.indexOf(record.kind);
  const putName = (name: ByteString): void => {
    pos = out.writeUInt16LE(name.length, pos);
    pos += out.write(name, pos, 'latin1');
  };
  putName(record.path);
  if (record.kind === 'copy') putName(record.from);
  if (record.kind === 'spent') {
    pos = out.writeInt32LE(record.inoLo, pos);
    pos = out.writeInt32LE(record.inoHi, pos);
    pos = out.writeUInt32LE(record.links, pos);
  }
  if (record.kind === 'origin') {
    pos = out.writeInt32LE(record.origin.inoLo, pos);
    pos = out.writeInt32LE(record.origin.inoHi, pos);
    pos = out.writeInt32LE(record.origin.flashLo, pos);
    pos = out.writeInt32LE(record.origin.flashHi, pos);
    out[pos++] = record.origin.diskPath === null ? 0 : 1;
    if (record.origin.diskPath !== null) putName(record.origin.diskPath);
  }
  out.writeUInt32LE(pos - HEADER, 0);
  out.writeUInt32LE(crc32(out.subarray(HEADER, pos)), 4);
  return pos;
}

function decode(buf: Buffer, start: number, end: number): MarkRecord | null {
  const kind = KINDS[buf[start] ?? 0];
  if (kind === undefined || kind === '') return null;
  let pos = start + 1;
  const name = (): ByteString => {
    const length = buf.readUInt16LE(pos);
    pos += 2 + length;
    return asBytes(buf.toString('latin1', pos - length, pos));
  };
  const path = name();
  if (kind === 'copy') return { kind, path, from: name() };
  if (kind === 'spent') {
    const [inoLo, inoHi, links] = [buf.readInt32LE(pos), buf.readInt32LE(pos + 4), buf.readUInt32LE(pos + 8)];
    return pos + 12 > end ? null : { kind, path, inoLo, inoHi, links };
  }
  if (kind === 'origin') {
    const inoLo = buf.readInt32LE(pos);
    const inoHi = buf.readInt32LE(pos + 4);
    const flashLo = buf.readInt32LE(pos + 8);
    const flashHi = buf.readInt32LE(pos + 12);
    pos += 16;
    const diskPath = buf[pos++] === 1 ? name() : null;
    return pos > end ? null : { kind, path, origin: { inoLo, inoHi, diskPath, flashLo, flashHi } };
  }
  return { kind, path };
}

interface LogRead {
  readonly size: number;
  readonly records: number;
  readonly torn: number;
}

function readLog(fd: number, marks: Marks): LogRead | number {
  const stat = newStat();
  const err = statxFd(fd, stat);
  if (err < 0) return err;
  const buf = Buffer.allocUnsafe(stat.size);
  for (let have = 0; have < stat.size;) {
    const n = pread(fd, buf, have, Math.min(stat.size - have, 1 << 24), have);
    if (n <= 0) return n < 0 ? n : EIO;
    have += n;
  }
  if (stat.size < MAGIC.length && MAGIC.subarray(0, stat.size).equals(buf))
    return { size: 0, records: 0, torn: stat.size };
  if (!buf.subarray(0, MAGIC.length).equals(MAGIC)) return EIO;
  let pos = MAGIC.length;
  let records = 0;
  while (pos + HEADER <= buf.length) {
    const length = buf.readUInt32LE(pos);
    const end = pos + HEADER + length;
    if (length === 0 || length > MAX_PAYLOAD || end > buf.length) break;
    if (crc32(buf.subarray(pos + HEADER, end)) !== buf.readUInt32LE(pos + 4)) break;
    const record = decode(buf, pos + HEADER, end);
    if (record === null) break;
    marks.apply(record, 0);
    records++;
    pos = end;
  }
  return { size: pos, records, torn: buf.length - pos };
}
