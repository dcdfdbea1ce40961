// ioctl(2): inode flags, and whatever a caller has the number and the bytes of.

import { PTR, declare, failure, result } from './koffi.ts';
import { span, struct, structU32, putI64 } from './scratch.ts';

const FS_IOC_GETFLAGS = 0x80086601;
const FS_IOC_SETFLAGS = 0x40086602;

/** Inode flags of FS_IOC_GETFLAGS. */
export const FS_IMMUTABLE_FL = 0x10;
export const FS_APPEND_FL = 0x20;
export const FS_NODUMP_FL = 0x40;
export const FS_NOATIME_FL = 0x80;

const cIoctl = declare('ioctl', 'int', ['int', 'uint64_t', PTR]);

/** ioctl on a buffer that the kernel reads and writes as the request says. ENOTTY when the file has no such request. */
export function ioctl(fd: number, request: number, bytes: Uint8Array): number {
  return result(cIoctl(fd, request, span(bytes, 0, bytes.length)));
}

/** Inode flags (FS_*_FL); ENOTTY or EOPNOTSUPP where the filesystem has none. */
export function getFlags(fd: number): number {
  putI64(0, 0);
  return cIoctl(fd, FS_IOC_GETFLAGS, struct) < 0 ? failure() : structU32[0]!;
}

/** Sets inode flags; EPERM for immutable and append without CAP_LINUX_IMMUTABLE. */
export function setFlags(fd: number, flags: number): number {
  putI64(0, flags);
  return result(cIoctl(fd, FS_IOC_SETFLAGS, struct));
}
