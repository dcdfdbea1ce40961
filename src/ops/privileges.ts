// Removal of suid, sgid and capabilities when a file changes. With FUSE_HANDLE_KILLPRIV_V2 the kernel leaves it to us: it says so with a
// bit in the request, or the request implies it. Our own writes as root do not do it by themselves.

import { ENODATA, EOPNOTSUPP } from '../errno.ts';
import { asBytes } from '../bytes.ts';
import type { Request } from '../fuse/operation.ts';
import { AT_FDCWD } from '../sys/at.ts';
import { chmodAt } from '../sys/attr.ts';
import { pread } from '../sys/io.ts';
import { close, O_RDONLY, openat } from '../sys/open.ts';
import { newStat, statxAt } from '../sys/stat.ts';
import { removexattr } from '../sys/xattr.ts';
import type { Node } from '../tree/node.ts';
import { locate } from '../tree/place.ts';
import type { Engine } from './engine.ts';
import { hasSetId, S_ISGID, S_ISUID } from './set-id.ts';

const S_IXGRP = 0o0010;
const CAPABILITY = asBytes('security.capability');
/** Of a caller: longer only with thousands of groups. */
const status = Buffer.alloc(16_384);
const NO_ROOM = Buffer.alloc(0);
const stat = newStat();

/** Whether `mode`, or a capability, is something that a write may have to remove. What cannot be seen counts as nothing. */
export function isPrivileged(engine: Engine, node: Node): boolean {
  const place = locate(engine.tree, node);
  if (typeof place === 'number') return false;
  const { calls, dir, dirfd, name } = place;
  if (calls.stat(dir, dirfd, name, stat) < 0) return false;
  return hasSetId(stat.mode) || calls.getxattr(dir, dirfd, name, CAPABILITY, NO_ROOM) > 0;
}

/**
 * At a change of `node`'s content or owner by `req`'s caller, of which the kernel does not say whether suid and sgid go: they stay for root, as
 * a stand-in for who has CAP_FSETID. Capabilities the kernel has taken off by then, with a request of its own.
 */
export function killUnlessRoot(engine: Engine, node: Node, req: Request): number {
  return req.uid === 0 ? 0 : killPrivileges(engine, node, req);
}

/** Removes suid, sgid and capabilities of `node`, which lies on flash and `req`'s caller changes. Errors: what chmod and removexattr give. */
export function killPrivileges(engine: Engine, node: Node, req: Request): number {
  const place = locate(engine.tree, node);
  if (typeof place === 'number') return place;
  const removed = removexattr(place.dirfd, place.name, CAPABILITY);
  if (removed < 0 && removed !== ENODATA && removed !== EOPNOTSUPP) return removed;
  const err = statxAt(place.dirfd, place.name, stat);
  if (err < 0) return err;
  const mode = withoutPrivileges(stat.mode & 0o7777, stat.gid, req);
  return mode === (stat.mode & 0o7777) ? 0 : chmodAt(place.dirfd, place.name, mode);
}

// As setattr_should_drop_suidgid of the kernel: sgid without the group's x is no privilege to run, and stays for who is in the group.
function withoutPrivileges(mode: number, group: number, req: Request): number {
  const keepsSgid = (mode & S_ISGID) === 0 || ((mode & S_IXGRP) === 0 && isIn(group, req));
  return mode & ~(keepsSgid ? S_ISUID : S_ISUID | S_ISGID);
}

/** Whether the caller, who waits, is in this group, be it one of his further ones. This thread's directory is /proc. */
function isIn(group: number, { gid, pid }: Request): boolean {
  if (gid === group) return true;
  const fd = openat(AT_FDCWD, asBytes(`${pid}/status`), O_RDONLY);
  if (fd < 0) return false;
  const length = pread(fd, status, 0, status.length, 0);
  close(fd);
  const groups = /\nGroups:\t([\d ]*)/.exec(status.toString('latin1', 0, Math.max(0, length)))?.[1] ?? '';
  return groups.split(' ').includes(String(group));
}
