// Extended attributes. Linux before 6.13 has no *at form, so names go through proc (at.ts). A symlink's own attributes are meant, never
// its target's; an empty name means the descriptor itself, O_PATH included. The f* forms take a descriptor open for I/O.
// The kernel allocates and clears as many bytes as a buffer for the result has: a small one is faster (64 KiB: 1.2 us more).

import type { ByteString } from '../bytes.ts';
import { ENOSYS, ERANGE } from '../errno.ts';
import type { Errno } from '../errno.ts';
import { AT_SYMLINK_NOFOLLOW, childPath, fdPath } from './at.ts';
import { PTR, declare, failure, result, syscall } from './koffi.ts';
import { path, putI64, secondPath, span, struct } from './scratch.ts';

export const XATTR_CREATE = 1;
export const XATTR_REPLACE = 2;

const SYS_GETXATTRAT = 464;
const SYS_LISTXATTRAT = 465;
const SIZEOF_XATTR_ARGS = 16;

const GET = [PTR, PTR, PTR, 'size_t'];
const SET = [PTR, PTR, PTR, 'size_t', 'int'];
const LIST = [PTR, PTR, 'size_t'];
const REMOVE = [PTR, PTR];

const cLgetxattr = declare('lgetxattr', 'int64_t', GET);
const cGetxattr = declare('getxattr', 'int64_t', GET);
const cFgetxattr = declare('fgetxattr', 'int64_t', ['int', ...GET.slice(1)]);
const cLsetxattr = declare('lsetxattr', 'int', SET);
const cSetxattr = declare('setxattr', 'int', SET);
const cFsetxattr = declare('fsetxattr', 'int', ['int', ...SET.slice(1)]);
const cLlistxattr = declare('llistxattr', 'int64_t', LIST);
const cListxattr = declare('listxattr', 'int64_t', LIST);
const cFlistxattr = declare('flistxattr', 'int64_t', ['int', ...LIST.slice(1)]);
const cLremovexattr = declare('lremovexattr', 'int', REMOVE);
const cRemovexattr = declare('removexattr', 'int', REMOVE);
const cFremovexattr = declare('fremovexattr', 'int', ['int', ...REMOVE.slice(1)]);

// getxattrat(2) saves the 2.5 us that the way through proc takes. It does not take O_PATH descriptors.
let atFormsMissing = false;

/** Reads an attribute into `value`: its length. An empty `value` asks for the length; ERANGE when too small, ENODATA when there is none. */
export function getxattr(dirfd: number, name: ByteString, attribute: ByteString, value: Buffer): number {
  const room = span(value, 0, value.length);
  if (name === '') return result(cGetxattr(path(fdPath(dirfd)), secondPath(attribute), room, value.length));
  if (!atFormsMissing) {
    putI64(0, room);
    putI64(1, value.length);
    const n = syscall(
      SYS_GETXATTRAT,
      dirfd,
      path(name),
      AT_SYMLINK_NOFOLLOW,
      secondPath(attribute),
      struct,
      SIZEOF_XATTR_ARGS,
    );
    if (n >= 0) return n;
    const err = failure();
    if (err !== ENOSYS) return err;
    atFormsMissing = true;
  }
  return result(cLgetxattr(path(childPath(dirfd, name)), secondPath(attribute), room, value.length));
}

/** As `getxattr`, of an open file. */
export function fgetxattr(fd: number, attribute: ByteString, value: Buffer): number {
  return result(cFgetxattr(fd, secondPath(attribute), span(value, 0, value.length), value.length));
}

/** Writes an attribute. `flags`: XATTR_CREATE (EEXIST when there), XATTR_REPLACE (ENODATA when not). EOPNOTSUPP where there are none. */
export function setxattr(dirfd: number, name: ByteString, attribute: ByteString, value: Uint8Array, flags = 0): number {
  const call = name === '' ? cSetxattr : cLsetxattr;
  const at = path(childPath(dirfd, name));
  return result(call(at, secondPath(attribute), span(value, 0, value.length), value.length, flags));
}

/** As `setxattr`, of an open file. */
export function fsetxattr(fd: number, attribute: ByteString, value: Uint8Array, flags = 0): number {
  return result(cFsetxattr(fd, secondPath(attribute), span(value, 0, value.length), value.length, flags));
}

/** Removes an attribute; ENODATA when there is none. */
export function removexattr(dirfd: number, name: ByteString, attribute: ByteString): number {
  const call = name === '' ? cRemovexattr : cLremovexattr;
  return result(call(path(childPath(dirfd, name)), secondPath(attribute)));
}

/** As `removexattr`, of an open file. */
export function fremovexattr(fd: number, attribute: ByteString): number {
  return result(cFremovexattr(fd, secondPath(attribute)));
}

/** Names of the attributes, each ended by NUL, into `names`: bytes. An empty `names` asks for the length; ERANGE when too small. */
export function listxattrInto(dirfd: number, name: ByteString, names: Buffer): number {
  const room = span(names, 0, names.length);
  if (name === '') return result(cListxattr(path(fdPath(dirfd)), room, names.length));
  if (!atFormsMissing) {
    const n = syscall(SYS_LISTXATTRAT, dirfd, path(name), AT_SYMLINK_NOFOLLOW, room, names.length);
    if (n >= 0) return n;
    const err = failure();
    if (err !== ENOSYS) return err;
    atFormsMissing = true;
  }
  return result(cLlistxattr(path(childPath(dirfd, name)), room, names.length));
}

/** As `listxattrInto`, of an open file. */
export function flistxattrInto(fd: number, names: Buffer): number {
  return result(cFlistxattr(fd, span(names, 0, names.length), names.length));
}

// Nearly every value and list fits the first; none is longer than the second (the kernel's own limit, E2BIG beyond).
const small = Buffer.allocUnsafeSlow(1024);
let large: Buffer | undefined;

function readWhole(read: (room: Buffer) => number): Buffer | Errno {
  let room: Buffer = small;
  let n = read(room);
  if (n === ERANGE) {
    room = large ??= Buffer.allocUnsafeSlow(65536);
    n = read(room);
  }
  return n < 0 ? (n as Errno) : room.subarray(0, n);
}

function split(list: Buffer | Errno): ByteString[] | Errno {
  if (typeof list === 'number') return list;
  if (list.length === 0) return [];
  return list.toString('latin1', 0, list.length - 1).split('\0') as ByteString[];
}

/** Names of the attributes. */
export function listxattr(dirfd: number, name: ByteString): ByteString[] | Errno {
  return split(readWhole((room) => listxattrInto(dirfd, name, room)));
}

/** Names of the attributes of an open file. */
export function flistxattr(fd: number): ByteString[] | Errno {
  return split(readWhole((room) => flistxattrInto(fd, room)));
}

/** An attribute's value, in a Buffer of its own. */
export function readxattr(dirfd: number, name: ByteString, attribute: ByteString): Buffer | Errno {
  const value = readWhole((room) => getxattr(dirfd, name, attribute, room));
  return typeof value === 'number' ? value : Buffer.from(value);
}

/** As `readxattr`, of an open file. */
export function freadxattr(fd: number, attribute: ByteString): Buffer | Errno {
  const value = readWhole((room) => fgetxattr(fd, attribute, room));
  return typeof value === 'number' ? value : Buffer.from(value);
}
