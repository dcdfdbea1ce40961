// Mounting and unmounting by mount(2): as root, or as root of a user namespace (`unshare -rm`), without fusermount.
// Knows no session. Failures are returned with a reason for people.

import { readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { display, fromText } from '../bytes.ts';
import type { ByteString } from '../bytes.ts';
import { EACCES, EBUSY, EIO, ENODEV, ENOENT, ENOTDIR, ENXIO, EPERM, errnoName } from '../errno.ts';
import type { Errno } from '../errno.ts';
import { AT_FDCWD } from '../sys/at.ts';
import { openFuse } from '../sys/fuse-dev.ts';
import { MNT_DETACH, UMOUNT_NOFOLLOW, mount, umount2 } from '../sys/mount.ts';
import { O_NONBLOCK, close } from '../sys/open.ts';
import { getgid, getuid } from '../sys/process.ts';
import { isDirectory, newStat, statxFollow, STATX_TYPE } from '../sys/stat.ts';
import { unescapeField } from '../sys/mountinfo.ts';
import { MAX_IO } from './negotiate.ts';

export interface MountOptions {
  readonly mountpoint: string;
  /** First column of mount(8) and df(1). */
  readonly source: string;
  /** The type is shown as `fuse.SUBTYPE`. */
  readonly subtype: string;
  /** Users other than the mounter may enter. Default: yes. */
  readonly allowOther?: boolean;
  /** The kernel checks modes (and, if negotiated, ACLs). Default: yes. */
  readonly defaultPermissions?: boolean;
  /** MS_* flags. Default: none; as a root filesystem needs it, setuid programs and devices work. */
  readonly flags?: number;
}

/** A mounted connection that nobody serves yet. */
export interface Mounted {
  /** /dev/fuse, non-blocking, to be served by a session; the mount dies with its last descriptor. */
  readonly fd: number;
  /** As the kernel knows it: absolute, without symlinks. */
  readonly mountpoint: ByteString;
}

export interface MountError {
  readonly errno: Errno;
  /** What went wrong and what to do, one line. */
  readonly reason: string;
}

/** Opens a connection and mounts it. It hangs whoever enters until a session serves it. */
export function mountFuse(options: MountOptions): Mounted | MountError {
  const mountpoint = resolve(options.mountpoint);
  if (typeof mountpoint !== 'string') return mountpoint;
  const fd = openFuse(O_NONBLOCK);
  if (fd < 0) return { errno: fd as Errno, reason: openReason(fd) };
  const parameters = [
    `fd=${String(fd)}`,
    'rootmode=40000',
    // Ids of this user namespace, which need not have a 0.
    `user_id=${String(getuid())}`,
    `group_id=${String(getgid())}`,
    `max_read=${String(MAX_IO)}`,
  ];
  if (options.allowOther !== false) parameters.push('allow_other');
  if (options.defaultPermissions !== false) parameters.push('default_permissions');
  const type = fromText(`fuse.${options.subtype}`);
  const done = mount(fromText(options.source), mountpoint, type, options.flags ?? 0, fromText(parameters.join(',')));
  if (done >= 0) return { fd, mountpoint };
  close(fd);
  return { errno: done as Errno, reason: mountReason(done, mountpoint) };
}

/** umount2(2); `lazy` takes it out of the tree now, and ends it when its last user has gone. EBUSY otherwise, EINVAL: no mount. */
export function unmountFuse(mountpoint: ByteString, lazy = false): number {
  return umount2(mountpoint, UMOUNT_NOFOLLOW | (lazy ? MNT_DETACH : 0));
}

/**
 * Number of the connection that is mounted on top at a mountpoint (the minor of its st_dev), ENOENT if none is. Asks the kernel's
 * table, not the mount: that would wait for its session.
 */
export function connectionOf(mountpoint: ByteString): number {
  let found: number = ENOENT;
  for (const line of readFileSync('/proc/self/mountinfo', 'latin1').split('\n')) {
    const [, , device = '', , where = '', ...rest] = line.split(' ');
    if (unescapeField(where) !== mountpoint) continue;
    const type = rest[rest.indexOf('-') + 1] ?? '';
    found = type.startsWith('fuse') ? Number(device.split(':')[1]) : ENOENT;
  }
  return found;
}

/** Cuts a connection: every request, waiting or new, fails. 0 or an Errno (ENOENT also when fusectl is not mounted). */
export function abortConnection(connection: number): number {
  try {
    writeFileSync(`/sys/fs/fuse/connections/${String(connection)}/abort`, '1');
    return 0;
  } catch (error) {
    return (error as { errno?: Errno }).errno ?? EIO;
  }
}

/** Nothing here sets off an automount, which may wait for this very mount. */
function resolve(mountpoint: string): ByteString | MountError {
  const stat = newStat();
  const found = statxFollow(AT_FDCWD, fromText(mountpoint), stat, STATX_TYPE);
  const err = found >= 0 && !isDirectory(stat) ? ENOTDIR : found;
  if (err < 0) return { errno: err as Errno, reason: mountReason(err, fromText(mountpoint)) };
  return fromText(realpathSync.native(mountpoint));
}

function openReason(err: number): string {
  const name = errnoName(err);
  if (err === ENOENT) return `there is no /dev/fuse (${name}): load the fuse module, or give this container the device`;
  if (err === ENODEV || err === ENXIO) return `this kernel has no FUSE (${name}): load the fuse module`;
  if (err === EACCES || err === EPERM)
    return `/dev/fuse may not be opened (${name}): run as root, or make it accessible to you`;
  return `/dev/fuse cannot be opened: ${name}`;
}

function mountReason(err: number, mountpoint: ByteString): string {
  const name = errnoName(err);
  const where = display(mountpoint);
  if (err === EPERM)
    return `mounting on ${where} is not permitted (${name}): run as root, or in a user namespace (unshare -rm)`;
  if (err === ENOENT) return `the mountpoint ${where} does not exist (${name})`;
  if (err === ENOTDIR) return `the mountpoint ${where} is not a directory (${name})`;
  if (err === EBUSY) return `the mountpoint ${where} is in use (${name})`;
  if (err === EACCES) return `the mountpoint ${where} cannot be reached (${name})`;
  if (err === ENODEV) return `this kernel has no FUSE (${name}): load the fuse module`;
  return `mounting on ${where} failed: ${name}`;
}
