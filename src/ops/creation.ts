// What all ways of making a new name share: the site (a directory of one branch), the caller as owner, setgid directories, default ACLs and
// umask, and the mark that keeps disk's object of the same name from showing through.

import { asBytes } from '../bytes.ts';
import type { ByteString } from '../bytes.ts';
import { EACCES, EEXIST, ENAMETOOLONG, ENOENT, EPERM, EXDEV } from '../errno.ts';
import type { Errno } from '../errno.ts';
import { OK } from '../fuse/operation.ts';
import type { Request } from '../fuse/operation.ts';
import { chmodAt, chownAt, KEEP_ID } from '../sys/attr.ts';
import { newStat, statxAt } from '../sys/stat.ts';
import type { Stat } from '../sys/stat.ts';
import { S_IFDIR, S_IFMT } from '../tree/node.ts';
import type { DirNode, Node } from '../tree/node.ts';
import { locate } from '../tree/place.ts';
import { RESERVED } from '../tree/tree.ts';
import { giveAsShown, hasDefaultAcl } from './as-shown.ts';
import { diskFd, freeOnDisk, touchShown } from './disk-names.ts';
import type { Engine } from './engine.ts';

const S_ISGID = 0o2000;
const PRIVILEGED = 0o6000;
const EMPTY = asBytes('');
const stat = newStat();

/** Where a new name is made: a directory, on one of the branches. */
export interface Site {
  readonly parent: DirNode;
  readonly onDisk: boolean;
}

/**
 * Where a name that nothing has is made, as its route says. Errors: ESTALE, ENOTDIR, EPERM (reserved), EEXIST, and of making the directory on
 * the branch.
 */
export function siteForNew(engine: Engine, req: Request, name: ByteString, kind: number): Site | Errno {
  const parent = newName(engine, req.nodeid, name);
  return typeof parent === 'number' ? parent : siteOf(engine, req, parent, name, kind);
}

/** The directory that is to get `name`, which nothing has; '': an object without a name. Errors: ESTALE, ENOTDIR, EPERM (reserved), EEXIST. */
export function newName(engine: Engine, nodeid: number, name: ByteString): DirNode | Errno {
  const parent = engine.tree.directory(nodeid);
  if (typeof parent === 'number') return parent;
  if (parent === engine.tree.root && name === RESERVED) return EPERM;
  if (name.length > engine.nameMax) return ENAMETOOLONG;
  const free = name === '' ? 0 : nameIsFree(engine, parent, name);
  return free < 0 ? (free as Errno) : parent;
}

/** As `siteForNew`, for a name that is free or will be given to another object. */
export function siteOf(engine: Engine, req: Request, parent: DirNode, name: ByteString, kind: number): Site | Errno {
  const { routes } = engine;
  const route = routes.ofName(parent, name);
  if (route === 'disk') {
    const ready = freeOnDisk(engine, parent, name);
    if (ready >= 0) {
      const begun = engine.mirror.begin(req, name === '' ? [] : [engine.tree.pathOf(parent, name)]);
      if (begun !== OK) return begun as Errno;
      routes.diskChanged = true;
      return { parent, onDisk: true };
    }
    if (!INSTEAD_ON_FLASH.has(ready)) return ready as Errno;
  }
  if (route !== 'flash') routes.spilled(engine.tree.pathOf(parent, name), kind, req);
  const err = engine.capture.ensureDirectory(parent, req);
  return err < 0 ? (err as Errno) : { parent, onDisk: false };
}

/** What says that disk cannot have a name here, though it takes changes elsewhere: it has something hidden there, or may not be changed there. */
const INSTEAD_ON_FLASH = new Set<number>([EEXIST, EXDEV, EPERM, EACCES]);

/** Descriptor of the directory that a new name is made in. Errors: ENOENT, and what opening it gives. */
export function siteFd(engine: Engine, { parent, onDisk }: Site): number {
  return onDisk ? diskFd(engine, parent) : flashFd(engine, parent);
}

/** EEXIST where the merged root has `name`; 0 where it is free. Errors: what lookup gives. */
function nameIsFree(engine: Engine, parent: DirNode, name: ByteString): number {
  const found = engine.tree.lookup(parent, name);
  if (found === ENOENT) {
    engine.tree.displace(parent, name);
    return 0;
  }
  if (typeof found === 'number') return found;
  engine.tree.release(found);
  return EEXIST;
}

/** Descriptor of `parent` on flash. Errors: ENOENT, and what opening it gives. */
export function flashFd(engine: Engine, parent: DirNode): number {
  return parent.dir.flash === null ? ENOENT : engine.tree.flash.fd(parent.dir.flash);
}

/** Whether disk has an object that the name would show if flash had none. */
export function diskHas(engine: Engine, parent: DirNode, name: ByteString): boolean {
  const { disk } = engine.tree;
  if (parent.dir.disk === null) return false;
  if (disk.stat(parent.dir.disk, name, stat) >= 0) return true;
  if (!disk.away) return false;
  // Nobody knows: a mark that says nothing does no harm, one that is missing brings to light what was removed.
  stat.mode = 0;
  stat.nlink = 1;
  return true;
}

/** After `diskHas`: the name no longer counts as one of those that disk's object has. What appending the mark gives. */
export function spend(engine: Engine, parent: DirNode, name: ByteString): number {
  return engine.marks.spend(parent, name, stat);
}

/** The mode for a new object: the umask applies only where no default ACL takes its place. */
export function maskedMode(engine: Engine, site: Site, mode: number, umask: number): number {
  return hasDefaultAcl(shownFd(engine, site)) ? mode : mode & ~umask;
}

/** Descriptor of the directory that shows, of whichever branch. Errors: what opening it gives. */
function shownFd(engine: Engine, site: Site): number {
  if (engine.tree.shownByDisk(site.parent) === site.onDisk) return siteFd(engine, site);
  const place = locate(engine.tree, site.parent);
  return typeof place === 'number' ? place : place.dirfd;
}

/** Gives the new object (`fd`, `name`) to the caller, keeping suid and sgid bits that chown removes. Errors: what chown and chmod give. */
export function giveToCaller(
  engine: Engine,
  site: Site,
  fd: number,
  name: ByteString,
  uid: number,
  gid: number,
  mode: number,
): number {
  if (engine.tree.shownByDisk(site.parent) !== site.onDisk) {
    const shown = shownFd(engine, site);
    return shown < 0 ? shown : giveAsShown(shown, siteFd(engine, site), { fd, name }, { uid, gid, mode });
  }
  const inherited = isSetgid(siteFd(engine, site));
  if (uid !== engine.ownUid || (!inherited && gid !== engine.ownGid)) {
    const err = chownAt(fd, name, uid, inherited ? KEEP_ID : gid);
    if (err < 0) return err;
  }
  return (mode & PRIVILEGED) === 0 ? 0 : chmodAt(fd, name, mode & 0o7777);
}

/** Leaves the directory's attributes in `stat`. */
function isSetgid(fd: number): boolean {
  return fd >= 0 && statxAt(fd, EMPTY, stat) >= 0 && (stat.mode & S_ISGID) !== 0;
}

/**
 * Marks that flash's object (`parent`, `name`) of this kind, about to appear, is neither disk's object of that name nor one that was moved here
 * before. OK once it may appear, DEFERRED while the mark must become durable, or what appending gives.
 */
export function markNew(
  engine: Engine,
  req: Request,
  { parent, onDisk }: Site,
  name: ByteString,
  kind: number,
): number {
  // Of what disk shows by itself nothing need be said.
  if (onDisk) return OK;
  const { marks, markSync } = engine;
  // A directory must not come back after a power cut without its mark, or with one that was taken back (it may have got the inode number of a
  // directory that was moved here before): it would be filled with disk's content.
  let durable = kind === S_IFDIR;
  const record = marks.together(() => {
    const cleared = marks.clear(parent, name);
    if (cleared < 0) return cleared;
    const taken = durable ? Math.max(cleared, marks.retracted) : cleared;
    if (!diskHas(engine, parent, name)) return taken;
    durable ||= isMistakable(engine, kind);
    const spent = spend(engine, parent, name);
    const opaque = spent < 0 ? spent : marks.opaque(parent, name);
    return opaque < 0 ? opaque : Math.max(taken, opaque);
  });
  return record < 0 ? record : durable ? markSync.wait(record, req) : OK;
}

/** Flash did not get the object that `markNew` or `markAs` spoke of: `err`, for the caller to give. */
export function notMade(engine: Engine, { parent, onDisk }: Site, name: ByteString, err: number): number {
  if (!onDisk) engine.marks.unspend(parent, name);
  return err;
}

/**
 * After `diskHas`: whether an object of this kind that flash has in disk's place would be taken for a different object, were its mark lost. It would
 * be one with disk's further names, or with what shows disk's number elsewhere; else a lost mark costs it its inode number.
 */
export function isMistakable(engine: Engine, kind: number): boolean {
  if ((stat.mode & S_IFMT) !== kind) return true;
  if (kind === S_IFDIR) return false;
  const { inos, marks } = engine.tree;
  inos.ofDisk(stat.devMajor, stat.devMinor, stat.inoLo, stat.inoHi);
  return stat.nlink > 1 || marks.paths(inos.lo, inos.hi).length > 0;
}

/** The node of an object just made; its attributes, as shown, are in the tree's `stat`. Errors: what statx gives. */
export function adoptNew(engine: Engine, site: Site, name: ByteString): Node | Errno {
  const { tree } = engine;
  const found: Stat = tree.stat;
  const fd = siteFd(engine, site);
  const err = fd < 0 ? fd : statxAt(fd, name, found);
  if (err < 0) return err as Errno;
  const node = site.onDisk ? tree.adoptOnDisk(site.parent, name, found) : tree.adopt(site.parent, name, found);
  touchShown(engine, site.parent, site.onDisk ? 'disk' : 'flash');
  found.inoLo = node.inoLo;
  found.inoHi = node.inoHi;
  return node;
}
