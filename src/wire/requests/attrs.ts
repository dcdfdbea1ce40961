// Requests about one object's attributes, extended attributes and access: the header's nodeid is the object.

import type { ByteString } from '../../bytes.ts';
import { SIZE } from '../constants.ts';
import type { Reader } from '../reader.ts';

export interface GetattrIn {
  /** With FUSE_GETATTR_FH, `fh` is an open handle on the object. */
  getattrFlags: number;
  fh: number;
}

/** Fields without their FATTR_* bit in `valid` are 0. Times are seconds (clamped to safe integers) and nanoseconds. */
export interface SetattrIn {
  valid: number;
  fh: number;
  size: number;
  lockOwnerLo: number;
  lockOwnerHi: number;
  atime: number;
  mtime: number;
  ctime: number;
  atimeNsec: number;
  mtimeNsec: number;
  ctimeNsec: number;
  mode: number;
  uid: number;
  gid: number;
}

export interface StatxIn {
  getattrFlags: number;
  fh: number;
  sxFlags: number;
  sxMask: number;
}

export interface AccessIn {
  /** R_OK, W_OK, X_OK. */
  mask: number;
}

export interface SetxattrIn {
  size: number;
  /** XATTR_CREATE, XATTR_REPLACE. */
  flags: number;
  /** FUSE_SETXATTR_*; 0 unless FUSE_SETXATTR_EXT was negotiated. */
  setxattrFlags: number;
  name: ByteString;
  /** View of `size` bytes. */
  value: Buffer;
}

export interface GetxattrIn {
  /** Bytes that the caller has room for; 0 asks for the size alone. */
  size: number;
  name: ByteString;
}

export interface ListxattrIn {
  size: number;
}

export interface RemovexattrIn {
  name: ByteString;
}

export function decodeGetattr(r: Reader): GetattrIn {
  r.expect(SIZE.fuse_getattr_in, 'fuse_getattr_in');
  const getattrFlags = r.u32();
  r.skip(4);
  return { getattrFlags, fh: r.u64() };
}

export function decodeSetattr(r: Reader): SetattrIn {
  r.expect(SIZE.fuse_setattr_in, 'fuse_setattr_in');
  const valid = r.u32();
  r.skip(4);
  const fh = r.u64();
  const size = r.position();
  const lockOwnerLo = r.i32();
  const lockOwnerHi = r.i32();
  const atime = r.i64sat();
  const mtime = r.i64sat();
  const ctime = r.i64sat();
  const atimeNsec = r.u32();
  const mtimeNsec = r.u32();
  const ctimeNsec = r.u32();
  const mode = r.u32();
  r.skip(4);
  const uid = r.u32();
  const gid = r.u32();
  r.skip(4);
  return {
    valid,
    fh,
    size,
    lockOwnerLo,
    lockOwnerHi,
    atime,
    mtime,
    ctime,
    atimeNsec,
    mtimeNsec,
    ctimeNsec,
    mode,
    uid,
    gid,
  };
}

export function decodeStatx(r: Reader): StatxIn {
  r.expect(SIZE.fuse_statx_in, 'fuse_statx_in');
  const getattrFlags = r.u32();
  r.skip(4);
  const fh = r.u64();
  const sxFlags = r.u32();
  return { getattrFlags, fh, sxFlags, sxMask: r.u32() };
}

export function decodeAccess(r: Reader): AccessIn {
  r.expect(SIZE.fuse_access_in, 'fuse_access_in');
  const mask = r.u32();
  r.skip(4);
  return { mask };
}

/** The short form, without FUSE_SETXATTR_EXT. */
export function decodeSetxattr(r: Reader): SetxattrIn {
  r.expect(SIZE.fuse_setxattr_in_compat, 'fuse_setxattr_in');
  const size = r.u32();
  const flags = r.u32();
  const name = r.name('xattr name');
  return { size, flags, setxattrFlags: 0, name, value: r.bytes(size, 'xattr value') };
}

/** The form that comes after FUSE_SETXATTR_EXT was negotiated. */
export function decodeSetxattrExt(r: Reader): SetxattrIn {
  r.expect(SIZE.fuse_setxattr_in, 'fuse_setxattr_in');
  const size = r.u32();
  const flags = r.u32();
  const setxattrFlags = r.u32();
  r.skip(4);
  const name = r.name('xattr name');
  return { size, flags, setxattrFlags, name, value: r.bytes(size, 'xattr value') };
}

export function decodeGetxattr(r: Reader): GetxattrIn {
  r.expect(SIZE.fuse_getxattr_in, 'fuse_getxattr_in');
  const size = r.u32();
  r.skip(4);
  return { size, name: r.name('xattr name') };
}

export function decodeListxattr(r: Reader): ListxattrIn {
  r.expect(SIZE.fuse_getxattr_in, 'fuse_getxattr_in');
  const size = r.u32();
  r.skip(4);
  return { size };
}

export function decodeRemovexattr(r: Reader): RemovexattrIn {
  return { name: r.name('xattr name') };
}
