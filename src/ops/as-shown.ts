// A new object in a directory of one branch while the other's shows: group, sgid and ACLs come from the one that shows, as if it had been made there. The kernel let it
// inherit from the directory that it was made in.

import { asBytes } from '../bytes.ts';
import type { ByteString } from '../bytes.ts';
import { ACL_ACCESS, ACL_DEFAULT, inheritedFrom, modeWithoutAcl } from '../copy/acl.ts';
import { EOPNOTSUPP } from '../errno.ts';
import { chmodAt, chownAt } from '../sys/attr.ts';
import { newStat, statxAt } from '../sys/stat.ts';
import { getxattr, readxattr, removexattr, setxattr } from '../sys/xattr.ts';
import { S_IFDIR, S_IFLNK, S_IFMT } from '../tree/node.ts';

const S_ISGID = 0o2000;
/** What mkdir(2) takes of a mode. */
const DIR_MODE = 0o1777;
const SELF = asBytes('');
const ACCESS = asBytes(ACL_ACCESS);
const DEFAULT = asBytes(ACL_DEFAULT);
const NO_ROOM = Buffer.alloc(0);
const stat = newStat();

/** Whether the directory has a default ACL: then no umask applies to what is made there. */
export function hasDefaultAcl(dirfd: number): boolean {
  // With no room given, getxattr tells the length: any failure is none.
  return dirfd >= 0 && getxattr(dirfd, SELF, DEFAULT, NO_ROOM) > 0;
}

/**
 * Gives (`fd`, `name`), made in the directory `madeIn`, to the caller, as if made in `shown`. `mode`: as asked for, less the umask if that applies in
 * `shown`. Errors: what chown, chmod and setxattr give.
 */
export function giveAsShown(
  shown: number,
  madeIn: number,
  { fd, name }: { readonly fd: number; readonly name: ByteString },
  { uid, gid, mode }: { readonly uid: number; readonly gid: number; readonly mode: number },
): number {
  const above = statxAt(shown, SELF, stat);
  if (above < 0) return above;
  const sgid = stat.mode & S_ISGID;
  const owned = chownAt(fd, name, uid, sgid !== 0 ? stat.gid : gid);
  const known = owned < 0 ? owned : statxAt(fd, name, stat);
  if (known < 0) return known;
  const kind = stat.mode & S_IFMT;
  if (kind === S_IFLNK) return 0;
  const isDirectory = kind === S_IFDIR;
  if (hasDefaultAcl(madeIn)) {
    removexattr(fd, name, ACCESS);
    if (isDirectory) removexattr(fd, name, DEFAULT);
  }
  const defaults = hasDefaultAcl(shown) ? readxattr(shown, SELF, DEFAULT) : null;
  if (typeof defaults === 'number') return defaults;
  const its = defaults === null ? { mode, access: null } : inheritedFrom(defaults, mode);
  const wanted = isDirectory ? (its.mode & DIR_MODE) | sgid : its.mode & 0o7777;
  const err = chmodAt(fd, name, wanted);
  if (err < 0 || defaults === null) return err;
  const set = its.access === null ? 0 : setxattr(fd, name, ACCESS, its.access);
  // A filesystem without ACLs: nobody gets more than they would have given him.
  if (set === EOPNOTSUPP && its.access !== null) return chmodAt(fd, name, modeWithoutAcl(wanted, its.access));
  return set < 0 || !isDirectory ? set : setxattr(fd, name, DEFAULT, defaults);
}
