// Bodies of replies, each written after the place of its fuse_out_header. Written to one caller-owned buffer through Writer,
// without allocation, so that one READDIRPLUS or 60,000 entries cost the same per entry. Padding is written as zeros.

import type { ByteString } from '../bytes.ts';
import { setAttr, setStatx } from './attr.ts';
import type { Attr, StatxAttr } from './attr.ts';
import { SIZE } from './constants.ts';
import { LITTLE } from './endian.ts';
import { setU64 } from './writer.ts';
import type { Writer } from './writer.ts';

/** fuse_entry_out. Valid times are seconds + nanoseconds for which the kernel may believe; nodeid 0 is a negative entry. */
export interface EntryOut {
  nodeid: number;
  generation: number;
  entryValid: number;
  entryValidNsec: number;
  attrValid: number;
  attrValidNsec: number;
  attr: Attr;
}

/** fuse_kstatfs; counts in units of `frsize` bytes. */
export interface StatfsOut {
  blocks: number;
  bfree: number;
  bavail: number;
  files: number;
  ffree: number;
  bsize: number;
  namelen: number;
  frsize: number;
}

/** fuse_file_lock; `end` Number.MAX_SAFE_INTEGER means to the end of the file. */
export interface FileLock {
  start: number;
  end: number;
  type: number;
  pid: number;
}

/** fuse_out_header: `len` of the whole frame with it, `error` 0 or a negative errno, or a notify code when unique is 0. */
export function outHeader(w: Writer, len: number, error: number, uniqueLo: number, uniqueHi: number): void {
  const at = w.claim(SIZE.fuse_out_header);
  const { view } = w;
  view.setUint32(at, len, LITTLE);
  view.setInt32(at + 4, error, LITTLE);
  view.setInt32(at + 8, uniqueLo, LITTLE);
  view.setInt32(at + 12, uniqueHi, LITTLE);
}

/** Reply to LOOKUP, SYMLINK, MKNOD, MKDIR and LINK. */
export function entryOut(w: Writer, e: EntryOut): void {
  setEntry(w.view, w.claim(SIZE.fuse_entry_out), e);
}

/** Reply to GETATTR and SETATTR; seconds + nanoseconds that the attributes may be cached. */
export function attrOut(w: Writer, attrValid: number, attrValidNsec: number, attr: Attr): void {
  const at = w.claim(SIZE.fuse_attr_out);
  setU64(w.view, at, attrValid);
  w.view.setUint32(at + 8, attrValidNsec, LITTLE);
  w.view.setUint32(at + 12, 0, LITTLE);
  setAttr(w.view, at + 16, attr);
}

/** Reply to STATX; `mask` is the STATX_* bits of the fields that are real. */
export function statxOut(w: Writer, attrValid: number, attrValidNsec: number, mask: number, attr: StatxAttr): void {
  const at = w.claim(SIZE.fuse_statx_out);
  w.buf.fill(0, at, at + SIZE.fuse_statx_out);
  setU64(w.view, at, attrValid);
  w.view.setUint32(at + 8, attrValidNsec, LITTLE);
  setStatx(w.view, at + 32, mask, attr);
}

/** Reply to OPEN and OPENDIR; `openFlags` are FOPEN_*, `backingId` counts with FOPEN_PASSTHROUGH only. */
export function openOut(w: Writer, fh: number, openFlags: number, backingId = 0): void {
  const at = w.claim(SIZE.fuse_open_out);
  setU64(w.view, at, fh);
  w.view.setUint32(at + 8, openFlags, LITTLE);
  w.view.setInt32(at + 12, backingId, LITTLE);
}

/** Reply to CREATE and TMPFILE: an entry and an open. */
export function createOut(w: Writer, e: EntryOut, fh: number, openFlags: number, backingId = 0): void {
  entryOut(w, e);
  openOut(w, fh, openFlags, backingId);
}

/** Reply to WRITE and COPY_FILE_RANGE: bytes done. */
export function writeOut(w: Writer, size: number): void {
  w.u32(size);
  w.u32(0);
}

/** Reply to COPY_FILE_RANGE_64: bytes done. */
export function copyFileRangeOut(w: Writer, bytesCopied: number): void {
  w.u64(bytesCopied);
}

export function statfsOut(w: Writer, s: StatfsOut): void {
  w.u64(s.blocks);
  w.u64(s.bfree);
  w.u64(s.bavail);
  w.u64(s.files);
  w.u64(s.ffree);
  w.u32(s.bsize);
  w.u32(s.namelen);
  w.u32(s.frsize);
  w.zeros(28);
}

/** Reply to GETXATTR and LISTXATTR that asked with size 0: bytes that the value or list has. */
export function getxattrOut(w: Writer, size: number): void {
  w.u32(size);
  w.u32(0);
}

export function lseekOut(w: Writer, offset: number): void {
  w.u64(offset);
}

export function bmapOut(w: Writer, block: number): void {
  w.u64(block);
}

/** Reply to POLL: the poll(2) events that are ready. */
export function pollOut(w: Writer, revents: number): void {
  w.u32(revents);
  w.u32(0);
}

/** Reply to IOCTL, before its output data; `flags` FUSE_IOCTL_RETRY asks again with the iovecs counted. */
export function ioctlOut(w: Writer, result: number, flags = 0, inIovs = 0, outIovs = 0): void {
  w.u32(result);
  w.u32(flags);
  w.u32(inIovs);
  w.u32(outIovs);
}

/** Reply to GETLK: the lock that is in the way, or type F_UNLCK. */
export function lkOut(w: Writer, lock: FileLock): void {
  w.u64(lock.start);
  if (lock.end >= Number.MAX_SAFE_INTEGER) w.halves(-1, 0x7fff_ffff);
  else w.u64(lock.end);
  w.u32(lock.type);
  w.u32(lock.pid);
}

/**
 * Adds an entry to a READDIR reply; false, with nothing written, when it does not fit.
 * `off` is the offset from which the directory is read on after this entry, `type` is DT_*.
 */
export function dirent(w: Writer, inoLo: number, inoHi: number, off: number, type: number, name: ByteString): boolean {
  const size = align8(SIZE.fuse_dirent + name.length);
  if (size > w.limit - w.pos) return false;
  putDirent(w, size, inoLo, inoHi, off, type, name);
  return true;
}

/** The same for a READDIRPLUS reply; null tells the kernel nothing but the name (it counts no lookup, and asks when it must). */
export function direntplus(
  w: Writer,
  entry: EntryOut | null,
  inoLo: number,
  inoHi: number,
  off: number,
  type: number,
  name: ByteString,
): boolean {
  const size = align8(SIZE.fuse_direntplus + name.length);
  if (size > w.limit - w.pos) return false;
  if (entry === null) w.zeros(SIZE.fuse_entry_out);
  else setEntry(w.view, w.claim(SIZE.fuse_entry_out), entry);
  putDirent(w, size - SIZE.fuse_entry_out, inoLo, inoHi, off, type, name);
  return true;
}

function setEntry(view: DataView, at: number, e: EntryOut): void {
  setU64(view, at, e.nodeid);
  setU64(view, at + 8, e.generation);
  setU64(view, at + 16, e.entryValid);
  setU64(view, at + 24, e.attrValid);
  view.setUint32(at + 32, e.entryValidNsec, LITTLE);
  view.setUint32(at + 36, e.attrValidNsec, LITTLE);
  setAttr(view, at + 40, e.attr);
}

function putDirent(
  w: Writer,
  size: number,
  inoLo: number,
  inoHi: number,
  off: number,
  type: number,
  name: ByteString,
): void {
  const { view } = w;
  const end = w.pos + size;
  setU64(view, end - 8, 0);
  const at = w.claim(SIZE.fuse_dirent);
  view.setInt32(at, inoLo, LITTLE);
  view.setInt32(at + 4, inoHi, LITTLE);
  setU64(view, at + 8, off);
  view.setUint32(at + 16, name.length, LITTLE);
  view.setUint32(at + 20, type, LITTLE);
  w.name(name);
  w.pos = end;
}

function align8(n: number): number {
  return (n + 7) & ~7;
}
