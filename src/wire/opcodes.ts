// The table of all requests up to protocol 7.45: the only place that joins an opcode, its kernel name, our name of the
// operation and its decoder. Types of handlers are derived from it, so that a table of handlers is complete or does not compile.

import { decodeInit } from './init.ts';
import type { Reader } from './reader.ts';
import * as attrs from './requests/attrs.ts';
import * as handles from './requests/handles.ts';
import * as names from './requests/names.ts';
import * as ranges from './requests/ranges.ts';
import * as session from './requests/session.ts';

/** One kind of request. `decode` reads the body that readHeader left in the reader, and throws FrameError. */
export interface Opcode<Op extends string = string, In = unknown> {
  readonly opcode: number;
  /** As fuse.h spells it. */
  readonly name: string;
  readonly op: Op;
  readonly decode: (r: Reader) => In;
}

function on<Op extends string, In>(opcode: number, name: string, op: Op, decode: (r: Reader) => In): Opcode<Op, In> {
  return { opcode, name, op, decode };
}

const table = [
  on(1, 'FUSE_LOOKUP', 'lookup', names.decodeName),
  on(2, 'FUSE_FORGET', 'forget', session.decodeForget),
  on(3, 'FUSE_GETATTR', 'getattr', attrs.decodeGetattr),
  on(4, 'FUSE_SETATTR', 'setattr', attrs.decodeSetattr),
  on(5, 'FUSE_READLINK', 'readlink', session.decodeEmpty),
  on(6, 'FUSE_SYMLINK', 'symlink', names.decodeSymlink),
  on(8, 'FUSE_MKNOD', 'mknod', names.decodeMknod),
  on(9, 'FUSE_MKDIR', 'mkdir', names.decodeMkdir),
  on(10, 'FUSE_UNLINK', 'unlink', names.decodeName),
  on(11, 'FUSE_RMDIR', 'rmdir', names.decodeName),
  on(12, 'FUSE_RENAME', 'rename', names.decodeRename),
  on(13, 'FUSE_LINK', 'link', names.decodeLink),
  on(14, 'FUSE_OPEN', 'open', handles.decodeOpen),
  on(15, 'FUSE_READ', 'read', handles.decodeRead),
  on(16, 'FUSE_WRITE', 'write', handles.decodeWrite),
  on(17, 'FUSE_STATFS', 'statfs', session.decodeEmpty),
  on(18, 'FUSE_RELEASE', 'release', handles.decodeRelease),
  on(20, 'FUSE_FSYNC', 'fsync', handles.decodeFsync),
  on(21, 'FUSE_SETXATTR', 'setxattr', attrs.decodeSetxattr),
  on(22, 'FUSE_GETXATTR', 'getxattr', attrs.decodeGetxattr),
  on(23, 'FUSE_LISTXATTR', 'listxattr', attrs.decodeListxattr),
  on(24, 'FUSE_REMOVEXATTR', 'removexattr', attrs.decodeRemovexattr),
  on(25, 'FUSE_FLUSH', 'flush', handles.decodeFlush),
  on(26, 'FUSE_INIT', 'init', decodeInit),
  on(27, 'FUSE_OPENDIR', 'opendir', handles.decodeOpen),
  on(28, 'FUSE_READDIR', 'readdir', handles.decodeRead),
  on(29, 'FUSE_RELEASEDIR', 'releasedir', handles.decodeRelease),
  on(30, 'FUSE_FSYNCDIR', 'fsyncdir', handles.decodeFsync),
  on(31, 'FUSE_GETLK', 'getlk', ranges.decodeLk),
  on(32, 'FUSE_SETLK', 'setlk', ranges.decodeLk),
  on(33, 'FUSE_SETLKW', 'setlkw', ranges.decodeLk),
  on(34, 'FUSE_ACCESS', 'access', attrs.decodeAccess),
  on(35, 'FUSE_CREATE', 'create', handles.decodeCreate),
  on(36, 'FUSE_INTERRUPT', 'interrupt', session.decodeInterrupt),
  on(37, 'FUSE_BMAP', 'bmap', ranges.decodeBmap),
  on(38, 'FUSE_DESTROY', 'destroy', session.decodeEmpty),
  on(39, 'FUSE_IOCTL', 'ioctl', ranges.decodeIoctl),
  on(40, 'FUSE_POLL', 'poll', ranges.decodePoll),
  on(41, 'FUSE_NOTIFY_REPLY', 'notifyReply', session.decodeNotifyReply),
  on(42, 'FUSE_BATCH_FORGET', 'batchForget', session.decodeBatchForget),
  on(43, 'FUSE_FALLOCATE', 'fallocate', ranges.decodeFallocate),
  on(44, 'FUSE_READDIRPLUS', 'readdirplus', handles.decodeRead),
  on(45, 'FUSE_RENAME2', 'rename2', names.decodeRename2),
  on(46, 'FUSE_LSEEK', 'lseek', ranges.decodeLseek),
  on(47, 'FUSE_COPY_FILE_RANGE', 'copyFileRange', ranges.decodeCopyFileRange),
  on(48, 'FUSE_SETUPMAPPING', 'setupmapping', ranges.decodeSetupmapping),
  on(49, 'FUSE_REMOVEMAPPING', 'removemapping', ranges.decodeRemovemapping),
  on(50, 'FUSE_SYNCFS', 'syncfs', session.decodeSyncfs),
  on(51, 'FUSE_TMPFILE', 'tmpfile', handles.decodeCreate),
  on(52, 'FUSE_STATX', 'statx', attrs.decodeStatx),
  on(53, 'FUSE_COPY_FILE_RANGE_64', 'copyFileRange64', ranges.decodeCopyFileRange),
] as const;

/** Each entry's own type; a union to narrow by `op`. */
export type Entry = (typeof table)[number];
export type OpName = Entry['op'];
/** The In type of each operation. */
export type OpArgs = { [E in Entry as E['op']]: ReturnType<E['decode']> };

/** All entries, ascending by opcode. */
export const opcodes: readonly Entry[] = table;

function byOpcode(entries: readonly Entry[]): readonly (Entry | undefined)[] {
  const array: (Entry | undefined)[] = [];
  for (const entry of entries) {
    while (array.length < entry.opcode) array.push(undefined);
    array.push(entry);
  }
  return array;
}

const withSetxattrExt = table.map((entry) =>
  entry.op === 'setxattr' ? on(entry.opcode, entry.name, entry.op, attrs.decodeSetxattrExt) : entry,
);

/** Index is the opcode. For a session that has not negotiated FUSE_SETXATTR_EXT; every other frame is the same in both. */
export const decodeByOpcode: readonly (Entry | undefined)[] = byOpcode(table);

/** Index is the opcode. For a session that has negotiated FUSE_SETXATTR_EXT. */
export const decodeByOpcodeSetxattrExt: readonly (Entry | undefined)[] = byOpcode(withSetxattrExt);
