// Whether flash, disk and mountpoint are directories that can be used, and lie so that a merge of them has a meaning.
// Compares directories by device and inode, so that a bind mount or a symlink cannot hide that two are one. The mountpoint may be an automount
// of systemd that waits for this very mount: it is never opened, nor asked about in a way that would set that off.

import { accessSync, constants, opendirSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { fromText } from '../bytes.ts';
import { errnoName } from '../errno.ts';
import { AT_FDCWD } from '../sys/at.ts';
import { isDirectory, newStat, statxFollow, STATX_TYPE } from '../sys/stat.ts';
import { StartError } from './start-error.ts';

export interface BranchPaths {
  readonly flash: string;
  readonly disk: string;
  readonly mountpoint: string;
}

/** The three as absolute paths without symlinks. */
export function checkBranches(flashPath: string, diskPath: string, mountPath: string): BranchPaths | StartError {
  const flash = checkDirectory('flash', flashPath);
  if (flash instanceof StartError) return flash;
  const disk = checkDirectory('disk', diskPath);
  if (disk instanceof StartError) return disk;
  const mountpoint = checkDirectory('mountpoint', mountPath);
  if (mountpoint instanceof StartError) return mountpoint;
  const paths = { flash, disk, mountpoint };
  return checkLayout(paths) ?? checkWritable(flash) ?? paths;
}

/** The two as absolute paths without symlinks, where no mount is to be made. */
export function checkPair(flashPath: string, diskPath: string): Omit<BranchPaths, 'mountpoint'> | StartError {
  const flash = checkDirectory('flash', flashPath);
  if (flash instanceof StartError) return flash;
  const disk = checkDirectory('disk', diskPath);
  if (disk instanceof StartError) return disk;
  return checkApart(flash, disk) ?? { flash, disk };
}

function checkDirectory(role: string, path: string): string | StartError {
  if (path === '') return new StartError('path', `${role}: the path is empty`);
  try {
    // Not the one in JavaScript, whose lstat sets automounts off.
    const real = realpathSync.native(path);
    const stat = newStat();
    const err = statxFollow(AT_FDCWD, fromText(real), stat, STATX_TYPE);
    if (err < 0) return new StartError('path', `${role} ${path}: ${REASONS.get(errnoName(err)) ?? errnoName(err)}`);
    if (!isDirectory(stat)) return new StartError('path', `${role} ${path} is not a directory`);
    if (role !== 'mountpoint') opendirSync(real).closeSync();
    return real;
  } catch (error) {
    return new StartError('path', `${role} ${path}: ${reason(error)}`);
  }
}

const conflict = (message: string): StartError => new StartError('conflict', message);

function checkApart(flash: string, disk: string): StartError | undefined {
  if (sameDirectory(flash, disk)) {
    return conflict(`flash and disk are the same directory (${flash}${flash === disk ? '' : ` = ${disk}`})`);
  }
  return isInside(disk, flash)
    ? conflict(`disk ${disk} is inside flash ${flash}: flash would be merged into itself`)
    : undefined;
}

function checkLayout({ flash, disk, mountpoint }: BranchPaths): StartError | undefined {
  const together = checkApart(flash, disk);
  if (together !== undefined) return together;
  if (isInside(mountpoint, flash)) return conflict(`mountpoint ${mountpoint} is inside flash ${flash}`);
  // With a running system's / as disk every mountpoint is inside it; the merged root leaves its own out.
  if (disk !== '/' && isInside(mountpoint, disk)) return conflict(`mountpoint ${mountpoint} is inside disk ${disk}`);
  if (isInside(flash, mountpoint))
    return conflict(`flash ${flash} is inside mountpoint ${mountpoint}, which would hide it`);
  if (isInside(disk, mountpoint))
    return conflict(`disk ${disk} is inside mountpoint ${mountpoint}, which would hide it`);
  return undefined;
}

function checkWritable(flash: string): StartError | undefined {
  try {
    accessSync(flash, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    return new StartError('flash-unwritable', `flash ${flash} cannot be written to: ${reason(error)}`);
  }
}

/** Whether `path` is `dir` or lies below it. */
function isInside(path: string, dir: string): boolean {
  for (let at = path; ; at = dirname(at)) {
    if (sameDirectory(at, dir)) return true;
    if (at === '/') return false;
  }
}

function sameDirectory(a: string, b: string): boolean {
  const [x, y] = [newStat(), newStat()];
  if (statxFollow(AT_FDCWD, fromText(a), x) < 0 || statxFollow(AT_FDCWD, fromText(b), y) < 0) return false;
  return x.inoLo === y.inoLo && x.inoHi === y.inoHi && x.devMajor === y.devMajor && x.devMinor === y.devMinor;
}

const REASONS = new Map([
  ['ENOENT', 'no such directory'],
  ['ENOTDIR', 'a part of the path is not a directory'],
  ['EACCES', 'permission denied'],
  ['EROFS', 'the filesystem is read-only'],
  ['ELOOP', 'too many symlinks'],
  ['ENAMETOOLONG', 'the path is too long'],
  ['ENOTCONN', 'a FUSE mount whose daemon is gone (umount it)'],
]);

function reason(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return REASONS.get(code) ?? (error as Error).message;
}
