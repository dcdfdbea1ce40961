// Opening the two branches: flash as it is, disk as a private view free of what is mounted on top, with the real filesystems mounted
// below it put back as grafts. Reads the mount table once; nothing here is used after the mount.

import { readFileSync } from 'node:fs';
import { asBytes, fromText } from '../bytes.ts';
import type { ByteString } from '../bytes.ts';
import { AT_FDCWD, procPath } from '../sys/at.ts';
import { MOUNT_ATTR_NOATIME, mountSetattr, OPEN_TREE_CLONE, openTree } from '../sys/mount.ts';
import { close, O_CLOEXEC, O_DIRECTORY, O_PATH, O_RDONLY, openFollow } from '../sys/open.ts';
import { newStat, statxFd } from '../sys/stat.ts';
import { unescapeField } from '../sys/mountinfo.ts';
import { Branch } from './branch.ts';
import type { OpenedTree } from './branch.ts';
import { graftPointAt, newGraftPoint } from './grafts.ts';
import type { GraftPoint } from './grafts.ts';

/** Filesystems without a block device that hold files all the same. */
const REAL = new Set([
  'overlay',
  'nfs',
  'nfs4',
  'cifs',
  'smb3',
  '9p',
  'virtiofs',
  'ubifs',
  'jffs2',
  'zfs',
  'ceph',
  'lustre',
  'ocfs2',
]);
const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;

/** Opens flash at an absolute path. Errors: what open gives. */
export function openFlash(path: string): Branch | number {
  const rootFd = openFollow(AT_FDCWD, fromText(path), O_RDONLY | O_DIRECTORY);
  return rootFd < 0 ? rootFd : new Branch({ rootFd, writable: true });
}

export interface DiskOptions {
  /** Absolute, without symlinks. */
  readonly path: string;
  readonly writable: boolean;
  /** Absolute paths that must not be seen through the branch: flash's directory and the mountpoint, where they lie in it. */
  readonly hidden: readonly string[];
  /** Where `/` of all these paths, and of the mount table's, is found from this process: '' where it is its own. */
  readonly under?: string;
}

/** Opens disk. Errors: what open gives. */
export function openDisk({ writable, ...options }: DiskOptions): Branch | number {
  const opened = openDiskTree(options);
  return typeof opened === 'number' ? opened : new Branch({ ...opened, writable });
}

/** As `openDisk`, for a branch that is to have it. */
export function openDiskTree({ path, hidden, under = '' }: Omit<DiskOptions, 'writable'>): OpenedTree | number {
  const root = fromText(path);
  const grafts = newGraftPoint();
  for (const place of hidden) {
    const inside = below(root, fromText(place));
    if (inside !== undefined) graftPointAt(grafts, inside).hidden = true;
  }
  const at = (inside: ByteString): ByteString => asBytes(`${fromText(under)}${inside}`);
  const cloned = cloneMount(at(root));
  if (cloned >= 0) {
    for (const mount of realMounts()) {
      const inside = below(root, mount.path);
      if (inside !== undefined) addGraft(grafts, inside, cloneMount(at(mount.path)));
    }
    return { rootFd: cloned, grafts, admitted: null };
  }
  // A user namespace may not look below the mounts that it was given: then they are met on the way, and judged there.
  const rootFd = openFollow(AT_FDCWD, at(root), O_PATH | O_DIRECTORY);
  if (rootFd < 0) return rootFd;
  return { rootFd, grafts, admitted: realMounts().map((mount) => mount.device) };
}

// Reading disk must not change it: O_NOATIME is for files alone, following a symlink would set its access time. Where a mount's
// attributes cannot be set (before Linux 5.12, in a user namespace) that is put up with.
function cloneMount(path: ByteString): number {
  const fd = openTree(AT_FDCWD, path, OPEN_TREE_CLONE | O_CLOEXEC);
  if (fd >= 0) mountSetattr(fd, MOUNT_ATTR_NOATIME);
  return fd;
}

/** Puts the mount behind `fd`, an errno included, at `inside`. */
function addGraft(grafts: GraftPoint, inside: ByteString, fd: number): void {
  if (fd < 0) return;
  const stat = newStat();
  const point = graftPointAt(grafts, inside);
  // A file bound over a file shows as the file below it; a place mounted twice shows what was mounted last.
  if (statxFd(fd, stat) < 0 || (stat.mode & S_IFMT) !== S_IFDIR) {
    close(fd);
    return;
  }
  if (point.fd !== undefined) close(point.fd);
  point.fd = fd;
}

/** `path` relative to `root`, when it lies strictly below it. */
function below(root: ByteString, path: ByteString): ByteString | undefined {
  const prefix = root === '/' ? '/' : `${root}/`;
  return path.startsWith(prefix) && path.length > prefix.length ? asBytes(path.slice(prefix.length)) : undefined;
}

interface RealMount {
  readonly path: ByteString;
  /** `major:minor` */
  readonly device: string;
}

/** Where filesystems are mounted that a branch at `path` would show as its own, but for itself. */
export function mountedBelow(path: ByteString): ByteString[] {
  return realMounts()
    .map((mount) => mount.path)
    .filter((at) => below(path, at) !== undefined);
}

function realMounts(): RealMount[] {
  const pseudo = new Set(
    readFileSync(procPath('filesystems'), 'latin1')
      .split('\n')
      .filter((line) => line.startsWith('nodev'))
      .map((line) => line.split('\t')[1] ?? ''),
  );
  return readFileSync(procPath('self/mountinfo'), 'latin1')
    .split('\n')
    .flatMap((line) => {
      const fields = line.split(' ');
      const type = fields[fields.indexOf('-', 6) + 1] ?? '';
      const [device, path] = [fields[2], fields[4]];
      if (device === undefined || path === undefined || (pseudo.has(type) && !REAL.has(type))) return [];
      return [{ device, path: unescapeField(path) }];
    });
}
