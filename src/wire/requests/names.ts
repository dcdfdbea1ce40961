// Requests about names in a directory: the header's nodeid is that directory. Layouts as in fuse.h; names are bytes.

import type { ByteString } from '../../bytes.ts';
import { devMajor, devMinor } from '../attr.ts';
import { SIZE } from '../constants.ts';
import type { Reader } from '../reader.ts';

/** LOOKUP, UNLINK and RMDIR. */
export interface NameIn {
  name: ByteString;
}

export interface SymlinkIn {
  name: ByteString;
  target: ByteString;
}

export interface MknodIn {
  /** Type and permissions, umask applied unless FUSE_DONT_MASK was negotiated. */
  mode: number;
  rdevMajor: number;
  rdevMinor: number;
  umask: number;
  name: ByteString;
}

export interface MkdirIn {
  /** Permissions only, without S_IFDIR. */
  mode: number;
  umask: number;
  name: ByteString;
}

/** RENAME, whose flags are 0, and RENAME2; the header's nodeid is the old directory. */
export interface RenameIn {
  /** Node ID of the new directory. */
  newdir: number;
  oldname: ByteString;
  newname: ByteString;
  /** RENAME_NOREPLACE, RENAME_EXCHANGE, RENAME_WHITEOUT. */
  flags: number;
}

/** LINK; the header's nodeid is the directory of the new name. */
export interface LinkIn {
  oldnodeid: number;
  name: ByteString;
}

export function decodeName(r: Reader): NameIn {
  return { name: r.name() };
}

export function decodeSymlink(r: Reader): SymlinkIn {
  const name = r.name();
  return { name, target: r.name('symlink target') };
}

export function decodeMknod(r: Reader): MknodIn {
  r.expect(SIZE.fuse_mknod_in, 'fuse_mknod_in');
  const mode = r.u32();
  const rdev = r.u32();
  const umask = r.u32();
  r.skip(4);
  return { mode, rdevMajor: devMajor(rdev), rdevMinor: devMinor(rdev), umask, name: r.name() };
}

export function decodeMkdir(r: Reader): MkdirIn {
  r.expect(SIZE.fuse_mkdir_in, 'fuse_mkdir_in');
  const mode = r.u32();
  const umask = r.u32();
  return { mode, umask, name: r.name() };
}

export function decodeRename(r: Reader): RenameIn {
  r.expect(SIZE.fuse_rename_in, 'fuse_rename_in');
  const newdir = r.u64();
  const oldname = r.name('old name');
  return { newdir, oldname, newname: r.name('new name'), flags: 0 };
}

export function decodeRename2(r: Reader): RenameIn {
  r.expect(SIZE.fuse_rename2_in, 'fuse_rename2_in');
  const newdir = r.u64();
  const flags = r.u32();
  r.skip(4);
  const oldname = r.name('old name');
  return { newdir, oldname, newname: r.name('new name'), flags };
}

export function decodeLink(r: Reader): LinkIn {
  r.expect(SIZE.fuse_link_in, 'fuse_link_in');
  const oldnodeid = r.u64();
  return { oldnodeid, name: r.name() };
}
