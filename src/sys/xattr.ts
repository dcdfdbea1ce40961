// Extended attributes. There is no *at form on the kernels we serve, so names go through proc (at.ts). A symlink's own attributes are
// meant, never its target's; an empty name means the descriptor itself, O_PATH included. The f* forms take a descriptor open for I/O.

import type { ByteString } from '../bytes.ts';
import type { Errno } from '../errno.ts';
import { childPath } from './at.ts';
import { PTR, declare, result } from './koffi.ts';
import { path, secondPath, span } from './scratch.ts';

export const XATTR_CREATE = 1;
export const XATTR_REPLACE = 2;

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

/** Reads an attribute into `value`: its length. An empty `value` asks for the length; ERANGE when too small, ENODATA when there is none. */
export function getxattr(dirfd: number, name: ByteString, attribute: ByteString, value: Buffer): number {
  const call = name === '' ? cGetxattr : cLgetxattr;
  const at = path(childPath(dirfd, name));
  return result(call(at, secondPath(attribute), span(value, 0, value.length), value.length));
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
  const call = name === '' ? cListxattr : cLlistxattr;
  return result(call(path(childPath(dirfd, name)), span(names, 0, names.length), names.length));
}

/** As `listxattrInto`, of an open file. */
export function flistxattrInto(fd: number, names: Buffer): number {
  return result(cFlistxattr(fd, span(names, 0, names.length), names.length));
}

const LIST_MAX = 65536;
let listRoom: Buffer | undefined;

// The kernel's own limit on a list is 64 KiB (E2BIG beyond), so one buffer holds any.
function parsed(read: (room: Buffer) => number): ByteString[] | Errno {
  listRoom ??= Buffer.allocUnsafeSlow(LIST_MAX);
  const n = read(listRoom);
  if (n < 0) return n as Errno;
  if (n === 0) return [];
  return listRoom.toString('latin1', 0, n - 1).split('\0') as ByteString[];
}

/** Names of the attributes. */
export function listxattr(dirfd: number, name: ByteString): ByteString[] | Errno {
  return parsed((room) => listxattrInto(dirfd, name, room));
}

/** Names of the attributes of an open file. */
export function flistxattr(fd: number): ByteString[] | Errno {
  return parsed((room) => flistxattrInto(fd, room));
}

const VALUE_MAX = 65536;
let valueRoom: Buffer | undefined;

/** An attribute's value, in a Buffer of its own. */
export function readxattr(dirfd: number, name: ByteString, attribute: ByteString): Buffer | Errno {
  valueRoom ??= Buffer.allocUnsafeSlow(VALUE_MAX);
  const n = getxattr(dirfd, name, attribute, valueRoom);
  if (n < 0) return n as Errno;
  return Buffer.from(valueRoom.subarray(0, n));
}
