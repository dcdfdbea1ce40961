// fuse_attr and fuse_statx: an object's attributes as stat shows them. Writing is at fixed offsets into space that the caller
// has claimed, without allocation. Device numbers travel in the kernel's 32-bit form (new_encode_dev).

import { LITTLE } from './endian.ts';
import { setU64 } from './writer.ts';

/** Attributes of one object; the part of a Stat that fuse_attr has room for. Sizes in bytes, `blocks` of 512 bytes. */
export interface Attr {
  inoLo: number;
  inoHi: number;
  size: number;
  blocks: number;
  /** Seconds since 1970, may be negative. */
  atime: number;
  mtime: number;
  ctime: number;
  atimeNsec: number;
  mtimeNsec: number;
  ctimeNsec: number;
  mode: number;
  nlink: number;
  uid: number;
  gid: number;
  rdevMajor: number;
  rdevMinor: number;
  blksize: number;
}

/** What statx adds to Attr. */
export interface StatxAttr extends Attr {
  btime: number;
  btimeNsec: number;
  devMajor: number;
  devMinor: number;
}

/** The kernel's 32-bit form of a device number: 12 bits of major, 20 bits of minor. */
export function encodeDev(major: number, minor: number): number {
  return ((minor & 0xff) | ((major & 0xfff) << 8) | ((minor & 0xfff00) << 12)) >>> 0;
}

/** Major number of a device in the kernel's 32-bit form. */
export function devMajor(dev: number): number {
  return (dev >>> 8) & 0xfff;
}

/** Minor number of a device in the kernel's 32-bit form. */
export function devMinor(dev: number): number {
  return (dev & 0xff) | ((dev >>> 12) & 0xfff00);
}

/** Writes fuse_attr (88 bytes) at `at`. */
export function setAttr(view: DataView, at: number, a: Attr): void {
  view.setInt32(at, a.inoLo, LITTLE);
  view.setInt32(at + 4, a.inoHi, LITTLE);
  setU64(view, at + 8, a.size);
  setU64(view, at + 16, a.blocks);
  setU64(view, at + 24, a.atime);
  setU64(view, at + 32, a.mtime);
  setU64(view, at + 40, a.ctime);
  view.setUint32(at + 48, a.atimeNsec, LITTLE);
  view.setUint32(at + 52, a.mtimeNsec, LITTLE);
  view.setUint32(at + 56, a.ctimeNsec, LITTLE);
  view.setUint32(at + 60, a.mode, LITTLE);
  view.setUint32(at + 64, a.nlink, LITTLE);
  view.setUint32(at + 68, a.uid, LITTLE);
  view.setUint32(at + 72, a.gid, LITTLE);
  view.setUint32(at + 76, encodeDev(a.rdevMajor, a.rdevMinor), LITTLE);
  view.setUint32(at + 80, a.blksize, LITTLE);
  view.setUint32(at + 84, 0, LITTLE);
}

/** Writes fuse_statx (256 bytes, already zero) at `at`; `mask` says which STATX_* fields of `a` are real. */
export function setStatx(view: DataView, at: number, mask: number, a: StatxAttr): void {
  view.setUint32(at, mask, LITTLE);
  view.setUint32(at + 4, a.blksize, LITTLE);
  view.setUint32(at + 16, a.nlink, LITTLE);
  view.setUint32(at + 20, a.uid, LITTLE);
  view.setUint32(at + 24, a.gid, LITTLE);
  view.setUint16(at + 28, a.mode, LITTLE);
  view.setInt32(at + 32, a.inoLo, LITTLE);
  view.setInt32(at + 36, a.inoHi, LITTLE);
  setU64(view, at + 40, a.size);
  setU64(view, at + 48, a.blocks);
  setStatxTime(view, at + 64, a.atime, a.atimeNsec);
  setStatxTime(view, at + 80, a.btime, a.btimeNsec);
  setStatxTime(view, at + 96, a.ctime, a.ctimeNsec);
  setStatxTime(view, at + 112, a.mtime, a.mtimeNsec);
  view.setUint32(at + 128, a.rdevMajor, LITTLE);
  view.setUint32(at + 132, a.rdevMinor, LITTLE);
  view.setUint32(at + 136, a.devMajor, LITTLE);
  view.setUint32(at + 140, a.devMinor, LITTLE);
}

function setStatxTime(view: DataView, at: number, seconds: number, nsec: number): void {
  setU64(view, at, seconds);
  view.setUint32(at + 8, nsec, LITTLE);
}
