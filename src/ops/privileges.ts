// Removal of suid, sgid and capabilities when a file changes. With FUSE_HANDLE_KILLPRIV_V2 the kernel leaves it to us: it says so with a
// bit in the request, or the request implies it. Our own writes as root do not do it by themselves.

import { ENODATA, EOPNOTSUPP } from '../errno.ts';
import { asBytes } from '../bytes.ts';
import { chmodAt } from '../sys/attr.ts';
import { newStat, statxAt } from '../sys/stat.ts';
import { getxattr, removexattr } from '../sys/xattr.ts';
import type { Node } from '../tree/node.ts';
import { locate } from '../tree/place.ts';
import type { Engine } from './engine.ts';

const S_ISUID = 0o4000;
const S_ISGID = 0o2000;
const S_IXGRP = 0o0010;
const CAPABILITY = asBytes('security.capability');
const NO_ROOM = Buffer.alloc(0);
const stat = newStat();

/** `mode` without suid, and without sgid where it means a group's privilege (not mandatory locking). */
export function withoutPrivileges(mode: number): number {
  const sgid = (mode & S_IXGRP) !== 0 ? S_ISGID : 0;
  return mode & ~(S_ISUID | sgid);
}

/** Whether `node`, which lies on flash, has anything that a write must remove. What cannot be seen counts as nothing. */
export function isPrivileged(engine: Engine, node: Node): boolean {
  const place = locate(engine.tree, node);
  if (typeof place === 'number' || statxAt(place.dirfd, place.name, stat) < 0) return false;
  if (withoutPrivileges(stat.mode & 0o7777) !== (stat.mode & 0o7777)) return true;
  return getxattr(place.dirfd, place.name, CAPABILITY, NO_ROOM) > 0;
}

/**
 * After a change of `node`'s content by `uid`, of which the kernel does not say whether suid and sgid go: they stay for root, as a stand-in
 * for who has CAP_FSETID. Capabilities the kernel has taken off by then, with a request of its own.
 */
export function killAfterChange(engine: Engine, node: Node, uid: number): number {
  return uid === 0 ? 0 : killPrivileges(engine, node);
}

/** Removes suid, sgid and capabilities of `node`, which lies on flash. Errors: what chmod and removexattr give. */
export function killPrivileges(engine: Engine, node: Node): number {
  const place = locate(engine.tree, node);
  if (typeof place === 'number') return place;
  const removed = removexattr(place.dirfd, place.name, CAPABILITY);
  if (removed < 0 && removed !== ENODATA && removed !== EOPNOTSUPP) return removed;
  const err = statxAt(place.dirfd, place.name, stat);
  if (err < 0) return err;
  const mode = withoutPrivileges(stat.mode & 0o7777);
  return mode === (stat.mode & 0o7777) ? 0 : chmodAt(place.dirfd, place.name, mode);
}
