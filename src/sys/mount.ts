// Mounts, and what filesystem something is on.

import type { ByteString } from '../bytes.ts';
import type { Errno } from '../errno.ts';
import { AT_EMPTY_PATH } from './at.ts';
import { BUF, PTR, declare, failure, result, syscall } from './koffi.ts';
import { cString, getI64, getU64, path, putI64, secondPath, struct, structU32 } from './scratch.ts';

export const MS_RDONLY = 1;
export const MS_NOSUID = 2;
export const MS_NODEV = 4;
export const MS_NOEXEC = 8;
export const MS_REMOUNT = 32;
export const MS_NOATIME = 1024;
export const MS_BIND = 4096;
export const MS_MOVE = 8192;
export const MS_REC = 16384;
/** For a mount that recursive bind mounts leave out. */
export const MS_UNBINDABLE = 1 << 17;
export const MS_PRIVATE = 1 << 18;
export const MS_SLAVE = 1 << 19;
export const MS_SHARED = 1 << 20;

export const MNT_FORCE = 1;
export const MNT_DETACH = 2;
export const UMOUNT_NOFOLLOW = 8;

export const OPEN_TREE_CLONE = 1;
const OPEN_TREE_CLOEXEC = 0o2000000;
const MOVE_MOUNT_F_EMPTY_PATH = 4;
const MOVE_MOUNT_T_EMPTY_PATH = 0x40;

export const MOUNT_ATTR_RDONLY = 1;
export const MOUNT_ATTR_NOSUID = 2;
export const MOUNT_ATTR_NODEV = 4;
export const MOUNT_ATTR_NOEXEC = 8;
export const MOUNT_ATTR_NOATIME = 0x10;

const SYS_OPEN_TREE = 428;
const SYS_MOVE_MOUNT = 429;
const SYS_MOUNT_SETATTR = 442;
const SIZEOF_MOUNT_ATTR = 32;
/** How access times are kept is one of several values in these bits: they are cleared before one is set. */
const MOUNT_ATTR__ATIME = 0x70;

const cMount = declare('mount', 'int', [BUF, BUF, BUF, 'uint64_t', BUF]);
const cUmount2 = declare('umount2', 'int', [PTR, 'int']);
const cFstatfs = declare('fstatfs', 'int', ['int', PTR]);
const cStatfs = declare('statfs', 'int', [PTR, PTR]);

/** mount(2). An empty `type` or `options` is passed as NULL. EPERM without CAP_SYS_ADMIN in the mount's user namespace. */
export function mount(
  source: ByteString,
  target: ByteString,
  type: ByteString,
  flags: number,
  options: ByteString,
): number {
  return result(
    cMount(
      cString(source),
      cString(target),
      type === '' ? null : cString(type),
      flags,
      options === '' ? null : cString(options),
    ),
  );
}

/** umount2(2) with MNT_* flags. EINVAL when nothing is mounted there, EBUSY while it is in use. */
export function umount2(target: ByteString, flags = 0): number {
  return result(cUmount2(path(target), flags));
}

/** A descriptor of a mount; with OPEN_TREE_CLONE of a private copy of it (AT_RECURSIVE: with what is mounted below). */
export function openTree(dirfd: number, name: ByteString, flags: number): number {
  const empty = name === '' ? AT_EMPTY_PATH : 0;
  return result(syscall(SYS_OPEN_TREE, dirfd, path(name), flags | empty | OPEN_TREE_CLOEXEC, 0, 0));
}

/** Attaches the mount that `fromFd` (of `openTree`) refers to at `name` below `dirfd`. */
export function moveMount(fromFd: number, dirfd: number, name: ByteString): number {
  const flags = MOVE_MOUNT_F_EMPTY_PATH | (name === '' ? MOVE_MOUNT_T_EMPTY_PATH : 0);
  return result(syscall(SYS_MOVE_MOUNT, fromFd, path('' as ByteString), dirfd, secondPath(name), flags));
}

/** Sets MOUNT_ATTR_* of the mount that a descriptor is the root of; `recursive`: and of those below. ENOSYS before Linux 5.12. */
export function mountSetattr(fd: number, attributes: number, recursive = false): number {
  putI64(0, attributes);
  putI64(1, (attributes & MOUNT_ATTR__ATIME) === 0 ? 0 : MOUNT_ATTR__ATIME);
  putI64(2, 0);
  putI64(3, 0);
  const flags = AT_EMPTY_PATH | (recursive ? 0x8000 : 0);
  return result(syscall(SYS_MOUNT_SETATTR, fd, path('' as ByteString), flags, struct, SIZEOF_MOUNT_ATTR));
}

/** A filesystem's numbers; `blocks`, `bfree` and `bavail` in units of `frsize` bytes, `flags` as ST_*. */
export interface Statfs {
  /** The filesystem's magic number. */
  type: number;
  bsize: number;
  blocks: number;
  bfree: number;
  bavail: number;
  files: number;
  ffree: number;
  namelen: number;
  frsize: number;
  flags: number;
}

// struct statfs is the same on the 64-bit architectures that koffi has (s390x and mips differ).
function statfsFields(): Statfs {
  return {
    type: structU32[0]!,
    bsize: getI64(1),
    blocks: getU64(2),
    bfree: getU64(3),
    bavail: getU64(4),
    files: getU64(5),
    ffree: getU64(6),
    namelen: getI64(8),
    frsize: getI64(9),
    flags: getI64(10),
  };
}

/** Of the filesystem that a descriptor, O_PATH included, is on. */
export function fstatfs(fd: number): Statfs | Errno {
  return cFstatfs(fd, struct) < 0 ? failure() : statfsFields();
}

/** Of the filesystem that a path leads to. */
export function statfs(name: ByteString): Statfs | Errno {
  return cStatfs(path(name), struct) < 0 ? failure() : statfsFields();
}
