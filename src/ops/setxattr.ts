// SETXATTR and REMOVEXATTR, on the branch that the change goes to. Setting an access ACL changes the mode as well; the backing filesystem does both.

import { ACL_ACCESS } from '../copy/acl.ts';
import { ESTALE } from '../errno.ts';
import { OK } from '../fuse/operation.ts';
import type { Operation } from '../fuse/operation.ts';
import { chmodAt } from '../sys/attr.ts';
import { newStat, statxAt } from '../sys/stat.ts';
import { removexattr as removeAttribute, setxattr as setAttribute } from '../sys/xattr.ts';
import type { Node } from '../tree/node.ts';
import { locate } from '../tree/place.ts';
import { FUSE_SETXATTR_ACL_KILL_SGID } from '../wire/constants.ts';
import type { RemovexattrIn, SetxattrIn } from '../wire/requests/attrs.ts';
import { followOnFlash, readyToChange } from './change.ts';
import type { Engine } from './engine.ts';

const S_ISGID = 0o2000;
const stat = newStat();

export const setxattr: Operation<Engine, SetxattrIn> = (engine, req, { name, value, flags, setxattrFlags }) => {
  const node = engine.tree.get(req.nodeid);
  if (node === undefined) return ESTALE;
  const ready = readyToChange(engine, node, req, true);
  if (ready !== OK) return ready;
  const place = locate(engine.tree, node);
  if (typeof place === 'number') return place;
  engine.tree.disk.calls.begun();
  const err = setAttribute(place.dirfd, place.name, name, value, flags);
  if (err < 0) return err;
  // The caller is not in the file's group: the kernel asks for what it would do itself, but of a default ACL as well, which changes no mode.
  const kills = (setxattrFlags & FUSE_SETXATTR_ACL_KILL_SGID) !== 0 && name === ACL_ACCESS;
  const killed = kills ? killSetgid(engine, node) : OK;
  if (killed === OK) followOnFlash(engine, node);
  return killed;
};

export const removexattr: Operation<Engine, RemovexattrIn> = (engine, req, { name }) => {
  const node = engine.tree.get(req.nodeid);
  if (node === undefined) return ESTALE;
  const ready = readyToChange(engine, node, req, true);
  if (ready !== OK) return ready;
  const place = locate(engine.tree, node);
  if (typeof place === 'number') return place;
  engine.tree.disk.calls.begun();
  const err = removeAttribute(place.dirfd, place.name, name);
  if (err < 0) return err;
  followOnFlash(engine, node, name);
  return OK;
};

function killSetgid(engine: Engine, node: Node): number {
  const place = locate(engine.tree, node);
  if (typeof place === 'number') return place;
  const err = statxAt(place.dirfd, place.name, stat);
  if (err < 0) return err;
  const mode = stat.mode & 0o7777;
  return (mode & S_ISGID) === 0 ? OK : chmodAt(place.dirfd, place.name, mode & ~S_ISGID);
}
