// One object copied into the stage, exact in kind, bytes and attributes. It changes nothing outside the stage and publishes nothing.
// Invariant: when it fails, nothing of the name it was given is left in the stage.

import { asBytes } from '../bytes.ts';
import type { ByteString } from '../bytes.ts';
import { EBUSY, EINVAL } from '../errno.ts';
import type { Errno } from '../errno.ts';
import { fsync } from '../sys/io.ts';
import { mkdirat, mknodat, readlinkat, rmdirat, symlinkat, unlinkat } from '../sys/link.ts';
import { O_CREAT, O_DIRECTORY, O_EXCL, O_RDONLY, O_WRONLY, close, openat } from '../sys/open.ts';
import { isUnchanged, newStat, statxFd } from '../sys/stat.ts';
import { copyData } from './data.ts';
import type { Features } from './features.ts';
import { applyMetadata } from './metadata.ts';
import type { Degradation } from './metadata.ts';

/** What is copied, and to where. All descriptors stay the caller's. */
export interface CopyOrder {
  /** Regular file: open for reading. Directory, symlink, fifo, socket, device: O_PATH | O_NOFOLLOW will do. */
  sourceFd: number;
  stageDirFd: number;
  /** A name that is free in the stage. */
  stageName: ByteString;
  /** False: a regular file's copy is empty (its data are about to be truncated). */
  data: boolean;
  /** Of the stage's filesystem. */
  features: Features;
  /** See CopyDataOptions. */
  between?: (() => void) | undefined;
}

/** What a copy came to. */
export interface Copied {
  /** Bytes of data copied, holes not counted. */
  bytes: number;
  degraded: Degradation[];
}

/** A copy with its regular file still open (`fd` -1: another kind): to be synced, then closed before anybody may execute it. */
export interface Staged extends Copied {
  fd: number;
}

const S_IFMT = 0o170000;
const S_IFREG = 0o100000;
const S_IFDIR = 0o040000;
const S_IFLNK = 0o120000;
const SELF = asBytes('');
const ATTEMPTS = 4;

const before = newStat();
const after = newStat();

/**
 * Copies an object into the stage, `durable`: and waits until a regular file's content is on the device.
 * Errors: EBUSY when the source kept changing while it was read; ENOSPC, EDQUOT, EIO, EROFS; EPERM for a device node without
 * CAP_MKNOD; ENAMETOOLONG for a symlink target that is too long here; EEXIST when the stage name was not free.
 */
export function copyObject(order: CopyOrder, durable: boolean): Copied | Errno {
  const staged = stageObject(order);
  if (typeof staged === 'number') return staged;
  const { fd, bytes, degraded } = staged;
  if (fd < 0) return { bytes, degraded };
  const err = durable ? fsync(fd) : 0;
  close(fd);
  if (err === 0) return { bytes, degraded };
  unlinkat(order.stageDirFd, order.stageName);
  return err as Errno;
}

/** As `copyObject`, but a regular file is left open and unsynced, for a group commit. */
export function stageObject(order: CopyOrder): Staged | Errno {
  const err = statxFd(order.sourceFd, before);
  if (err < 0) return err as Errno;
  switch (before.mode & S_IFMT) {
    case S_IFREG:
      return stageRegular(order);
    case S_IFDIR:
      return stageDirectory(order);
    case S_IFLNK:
      return stageSymlink(order);
    default:
      return stageNode(order);
  }
}

// Expects `before` to be the source's state. The copy counts only if nothing changed from before its first byte was read to after
// its last xattr was. (A change within one tick of the kernel's clock after `before` was taken is not seen before Linux 6.13.)
function stageRegular(order: CopyOrder): Staged | Errno {
  const { sourceFd, stageDirFd, stageName, features } = order;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const fd = openat(stageDirFd, stageName, O_WRONLY | O_CREAT | O_EXCL, 0o600);
    if (fd < 0) return fd as Errno;
    const degraded: Degradation[] = [];
    const options = { reflink: features.reflink, between: order.between };
    const bytes = order.data ? copyData(sourceFd, fd, before.size, options) : 0;
    let err = bytes < 0 ? bytes : 0;
    if (err === 0)
      err = applyMetadata({ fd, dirFd: stageDirFd, name: stageName }, before, sourceFd, features, degraded);
    if (err === 0) err = statxFd(sourceFd, after);
    if (err === 0 && isUnchanged(before, after)) return { fd, bytes, degraded };
    close(fd);
    unlinkat(stageDirFd, stageName);
    if (err < 0) return err as Errno;
    Object.assign(before, after);
  }
  return EBUSY;
}

function stageSymlink(order: CopyOrder): Staged | Errno {
  const content = readlinkat(order.sourceFd, SELF);
  if (typeof content === 'number') return content;
  const made = symlinkat(content, order.stageDirFd, order.stageName);
  return made < 0 ? (made as Errno) : finish(order, -1);
}

function stageNode(order: CopyOrder): Staged | Errno {
  if ((before.mode & S_IFMT) === 0) return EINVAL;
  const { mode, rdevMajor, rdevMinor } = before;
  const made = mknodat(order.stageDirFd, order.stageName, (mode & S_IFMT) | 0o600, rdevMajor, rdevMinor);
  return made < 0 ? (made as Errno) : finish(order, -1);
}

// The directory alone, empty: what is in it is copied when it is used.
function stageDirectory(order: CopyOrder): Staged | Errno {
  const made = mkdirat(order.stageDirFd, order.stageName, 0o700);
  if (made < 0) return made as Errno;
  const fd = openat(order.stageDirFd, order.stageName, O_RDONLY | O_DIRECTORY);
  const staged = fd < 0 ? (fd as Errno) : finish(order, fd);
  if (fd >= 0) close(fd);
  if (typeof staged === 'number') rmdirat(order.stageDirFd, order.stageName);
  return staged;
}

function finish(order: CopyOrder, fd: number): Staged | Errno {
  const degraded: Degradation[] = [];
  const target = { fd, dirFd: order.stageDirFd, name: order.stageName };
  const err = applyMetadata(target, before, order.sourceFd, order.features, degraded);
  if (err === 0) return { fd: -1, bytes: 0, degraded };
  if (fd < 0) unlinkat(order.stageDirFd, order.stageName);
  return err as Errno;
}
