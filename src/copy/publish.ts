// Publishing: a staged object gets its name in flash's tree, by one rename, so that a name shows nothing, the old object or the whole
// new one, at any instant and after any crash. Belongs to the thread that owns flash's visible tree.

import type { ByteString } from '../bytes.ts';
import { EEXIST, EINVAL, ENOENT } from '../errno.ts';
import { utimensAt } from '../sys/attr.ts';
import { asBytes } from '../bytes.ts';
import { RENAME_NOREPLACE, renameat2 } from '../sys/link.ts';
import { STATX_TYPE, newStat, statxAt, statxFd } from '../sys/stat.ts';
import type { Features } from './features.ts';

export interface PublishOptions {
  /** Whether an object that has the name already is replaced; else EEXIST. */
  replace: boolean;
  /** Whether the directory shall look untouched: a capture adds a name that readers have seen there all along. */
  keepParentTimes: boolean;
  features: Pick<Features, 'renameNoreplace'>;
}

const SELF = asBytes('');
const STATX_ATIME = 0x20;
const STATX_MTIME = 0x40;

const parent = newStat();
const present = newStat();

/**
 * Renames `stageName` of the stage to `name` of `dirFd` (O_PATH will do). The staged object must be durable before.
 * Errors: EEXIST without `replace`; ENOENT when stage or directory has gone; ENOSPC, EDQUOT for the directory's growth; EIO, EROFS.
 */
export function publish(
  stageDirFd: number,
  stageName: ByteString,
  dirFd: number,
  name: ByteString,
  options: PublishOptions,
): number {
  if (options.keepParentTimes) {
    const err = statxFd(dirFd, parent, STATX_ATIME | STATX_MTIME);
    if (err < 0) return err;
  }
  const err = options.replace
    ? renameat2(stageDirFd, stageName, dirFd, name)
    : renameToFreeName(stageDirFd, stageName, dirFd, name, options.features.renameNoreplace);
  if (err < 0) return err;
  // A crash here leaves the object published and the directory's mtime at the present: nothing refers to it but `find -newer`.
  if (options.keepParentTimes) {
    utimensAt(dirFd, SELF, parent.atime, parent.atimeNsec, parent.mtime, parent.mtimeNsec);
  }
  return 0;
}

// Where the filesystem has no RENAME_NOREPLACE the name is looked up first: nobody else changes this tree, and what a user who
// deletes there does at the same time can only free the name.
function renameToFreeName(
  stageDirFd: number,
  stageName: ByteString,
  dirFd: number,
  name: ByteString,
  noreplace: boolean,
): number {
  if (noreplace) {
    const err = renameat2(stageDirFd, stageName, dirFd, name, RENAME_NOREPLACE);
    if (err !== EINVAL) return err;
  }
  const found = statxAt(dirFd, name, present, STATX_TYPE);
  if (found === 0) return EEXIST;
  return found === ENOENT ? renameat2(stageDirFd, stageName, dirFd, name) : found;
}
