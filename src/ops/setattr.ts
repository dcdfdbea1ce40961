// SETATTR: mode, owner, size and times, on the branch that the change goes to. The order is that of a kernel filesystem: owner first (it clears suid and sgid, which the
// mode then sets as asked), then mode, size, times last.

import { EISDIR, ESTALE } from '../errno.ts';
import { OK } from '../fuse/operation.ts';
import type { Operation, Request } from '../fuse/operation.ts';
import { chmodAt, chownAt, KEEP_ID, UTIME_NOW, UTIME_OMIT, utimensAt } from '../sys/attr.ts';
import { close, O_RDWR } from '../sys/open.ts';
import { isDir, PAGES_STALE, S_IFREG } from '../tree/node.ts';
import type { Node } from '../tree/node.ts';
import { locate, openNode } from '../tree/place.ts';
import {
  FATTR_ATIME,
  FATTR_ATIME_NOW,
  FATTR_GID,
  FATTR_KILL_SUIDGID,
  FATTR_MODE,
  FATTR_MTIME,
  FATTR_MTIME_NOW,
  FATTR_SIZE,
  FATTR_UID,
} from '../wire/constants.ts';
import { attrOut } from '../wire/replies.ts';
import type { SetattrIn } from '../wire/requests/attrs.ts';
import { followOnFlash, readyToChange } from './change.ts';
import { cut } from './cut.ts';
import type { Engine } from './engine.ts';
import { isPrivileged, killPrivileges, killUnlessRoot } from './privileges.ts';

/** Without any of these nothing changes: chown(-1, -1), for one. */
const CHANGES = FATTR_MODE | FATTR_UID | FATTR_GID | FATTR_SIZE | FATTR_ATIME | FATTR_MTIME;

export const setattr: Operation<Engine, SetattrIn> = (engine, req, arg) => {
  const { tree } = engine;
  const node = tree.get(req.nodeid);
  if (node === undefined) return ESTALE;
  if ((arg.valid & CHANGES) === 0 && (req.uid === 0 || !isPrivileged(engine, node)))
    return replyAttributes(engine, req, node);
  // Cut to nothing: no data need be copied.
  const ready = readyToChange(engine, node, req, (arg.valid & FATTR_SIZE) === 0 || arg.size > 0);
  if (ready !== OK) return ready;
  tree.disk.calls.begun();
  const err = change(engine, req, node, arg);
  if (err < 0) return err;
  if ((arg.valid & (FATTR_UID | FATTR_GID | FATTR_MODE)) !== 0) followOnFlash(engine, node);
  return replyAttributes(engine, req, node);
};

function replyAttributes({ tree, timeout, timeoutNsec }: Engine, req: Request, node: Node): number {
  const found = tree.attributes(node, tree.stat);
  if (found < 0) return found;
  attrOut(req.out, timeout, timeoutNsec, tree.stat);
  return OK;
}

function change(engine: Engine, req: Request, node: Node, arg: SetattrIn): number {
  const { valid } = arg;
  // chown to nobody: all that it does is to take privileges away.
  if ((valid & CHANGES) === 0) return node.kind === S_IFREG ? killUnlessRoot(engine, node, req) : OK;
  if ((valid & (FATTR_UID | FATTR_GID)) !== 0) {
    const err = changeOwner(engine, req, node, arg);
    if (err < 0) return err;
  }
  if ((valid & FATTR_MODE) !== 0) {
    const place = locate(engine.tree, node);
    const err = typeof place === 'number' ? place : chmodAt(place.dirfd, place.name, arg.mode & 0o7777);
    if (err < 0) return err;
  }
  if ((valid & FATTR_SIZE) !== 0) {
    const err = changeSize(engine, req, node, arg);
    if (err < 0) return err;
  }
  return (valid & (FATTR_ATIME | FATTR_MTIME)) === 0 ? OK : changeTimes(engine, node, arg);
}

function changeOwner(engine: Engine, req: Request, node: Node, { valid, uid, gid }: SetattrIn): number {
  // The backing filesystem drops suid, sgid and capabilities of a regular file by itself, as for any other chown; but by what root may keep.
  const killed = node.kind === S_IFREG ? killUnlessRoot(engine, node, req) : OK;
  if (killed < 0) return killed;
  const place = locate(engine.tree, node);
  if (typeof place === 'number') return place;
  const newUid = (valid & FATTR_UID) !== 0 ? uid : KEEP_ID;
  const newGid = (valid & FATTR_GID) !== 0 ? gid : KEEP_ID;
  return chownAt(place.dirfd, place.name, newUid, newGid);
}

function changeSize(engine: Engine, req: Request, node: Node, { valid, size }: SetattrIn): number {
  if (isDir(node)) return EISDIR;
  const open = node.open !== null;
  const fd = open ? engine.data.writable(node) : openNode(engine.tree, node, O_RDWR);
  if (fd < 0) return fd;
  const err = cut(fd, size);
  if (!open) close(fd);
  if (err < 0) return err;
  if (node.kind === S_IFREG && node.open?.passthrough === true) node.flags |= PAGES_STALE;
  return (valid & FATTR_KILL_SUIDGID) !== 0 ? killPrivileges(engine, node, req) : OK;
}

function changeTimes(engine: Engine, node: Node, arg: SetattrIn): number {
  const place = locate(engine.tree, node);
  if (typeof place === 'number') return place;
  const { valid } = arg;
  const atimeNsec = nsec(valid, FATTR_ATIME, FATTR_ATIME_NOW, arg.atimeNsec);
  const mtimeNsec = nsec(valid, FATTR_MTIME, FATTR_MTIME_NOW, arg.mtimeNsec);
  return utimensAt(place.dirfd, place.name, arg.atime, atimeNsec, arg.mtime, mtimeNsec);
}

function nsec(valid: number, given: number, now: number, value: number): number {
  if ((valid & given) === 0) return UTIME_OMIT;
  return (valid & now) !== 0 ? UTIME_NOW : value;
}
