// GETXATTR and LISTXATTR: read where the object is. POSIX ACLs are xattrs, too: the kernel caches and enforces them.

import { asBytes } from '../bytes.ts';
import { ENODATA, EOPNOTSUPP, ERANGE, ESTALE } from '../errno.ts';
import { OK } from '../fuse/operation.ts';
import type { Operation, Request } from '../fuse/operation.ts';
import { locate } from '../tree/place.ts';
import { getxattrOut } from '../wire/replies.ts';
import type { GetxattrIn, ListxattrIn } from '../wire/requests/attrs.ts';
import type { Engine } from './engine.ts';

const XATTR_SIZE_MAX = 65536;
const ACL = 'system.posix_acl_';
const CAPABILITY = asBytes('security.capability');
const value = Buffer.allocUnsafeSlow(XATTR_SIZE_MAX);

export const getxattr: Operation<Engine, GetxattrIn> = (engine, req, { size, name }) => {
  const node = engine.tree.get(req.nodeid);
  if (node === undefined) return ESTALE;
  if (name === CAPABILITY && engine.recentFiles.isIncapable(node)) return ENODATA;
  const place = locate(engine.tree, node);
  if (typeof place === 'number') return place;
  const length = place.calls.getxattr(place.dir, place.dirfd, place.name, name, value);
  if (length === ENODATA && name === CAPABILITY) engine.recentFiles.foundIncapable(node);
  // Where the branch's filesystem has no ACLs there is none: the kernel, which enforces them for us, would refuse all access to a file for any other error.
  if (length === EOPNOTSUPP && name.startsWith(ACL)) return ENODATA;
  return answer(req, size, length);
};

export const listxattr: Operation<Engine, ListxattrIn> = (engine, req, { size }) => {
  const node = engine.tree.get(req.nodeid);
  if (node === undefined) return ESTALE;
  const place = locate(engine.tree, node);
  if (typeof place === 'number') return place;
  return answer(req, size, place.calls.listxattr(place.dir, place.dirfd, place.name, value));
};

/** The kernel asks for the length with size 0, or for the value into `size` bytes. */
function answer(req: Request, size: number, length: number): number {
  if (length < 0) return length;
  if (size === 0) getxattrOut(req.out, length);
  else if (length > size) return ERANGE;
  else req.out.bytes(value.subarray(0, length));
  return OK;
}
