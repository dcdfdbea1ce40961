// Which rootsync mounts are live, from /proc/self/mountinfo, and which one a command means. Asks no mount anything: one whose daemon
// hangs must not hang who asks.

import { readFileSync } from 'node:fs';
import { display, fromText, type ByteString } from '../bytes.ts';
import { unescapeField } from '../sys/mountinfo.ts';

const FILESYSTEM_TYPE = 'fuse.rootsync';

/** One line of mountinfo (proc_pid_mountinfo(5)). */
export interface MountEntry {
  /** `major:minor` of st_dev, which names the mount in the whole system. */
  readonly device: string;
  readonly mountpoint: ByteString;
  readonly type: string;
  /** The uid that mounted it, as this user namespace sees it. */
  readonly owner: number;
}

/** Every mount that this process sees, in the order in which they were mounted. */
export function readMounts(path = '/proc/self/mountinfo'): MountEntry[] {
  return parseMountinfo(readFileSync(path, 'latin1'));
}

/** The mounts of ours that can be reached: one that something is mounted over in full is not. */
export function liveMounts(entries: readonly MountEntry[] = readMounts()): MountEntry[] {
  return entries.filter((entry, i) => {
    const covered = entries.slice(i + 1).some((later) => later.mountpoint === entry.mountpoint);
    return entry.type === FILESYSTEM_TYPE && !covered;
  });
}

export function parseMountinfo(text: string): MountEntry[] {
  return text.split('\n').flatMap((line) => {
    const fields = line.split(' ');
    const separator = fields.indexOf('-', 6);
    const [device, mountpoint, type] = [fields[2], fields[4], fields[separator + 1]];
    if (separator < 0 || device === undefined || mountpoint === undefined || type === undefined) return [];
    const owner = Number(/(?:^|,)user_id=(\d+)/.exec(fields[separator + 3] ?? '')?.[1] ?? 0);
    return [{ device, mountpoint: unescapeField(mountpoint), type, owner }];
  });
}

/** Why no mount could be chosen, for people. */
export interface NoMount {
  readonly message: string;
}

/**
 * The mount that a command acts on: the one at `wanted` (absolute, without symlinks) or that holds it; without it the only one, or the one
 * that `cwd` is in.
 */
export function selectMount(
  mounts: readonly MountEntry[],
  wanted: string | undefined,
  cwd: string | undefined,
): MountEntry | NoMount {
  if (wanted !== undefined) {
    const at = fromText(wanted);
    const found = mounts.find((mount) => mount.mountpoint === at) ?? innermost(mounts, at);
    return found ?? { message: `no rootsync mount at ${wanted}${listed(mounts)}` };
  }
  const [only] = mounts;
  if (only === undefined) return { message: 'no rootsync mount here' };
  if (mounts.length === 1) return only;
  const around = cwd === undefined ? undefined : innermost(mounts, fromText(cwd));
  return around ?? { message: `several rootsync mounts: say which with --mount DIR${listed(mounts)}` };
}

/** The mount with the longest mountpoint that `path` is in. */
function innermost(mounts: readonly MountEntry[], path: ByteString): MountEntry | undefined {
  let best: MountEntry | undefined;
  for (const mount of mounts) {
    const inside = mount.mountpoint === '/' || path === mount.mountpoint || path.startsWith(`${mount.mountpoint}/`);
    if (inside && (best === undefined || mount.mountpoint.length >= best.mountpoint.length)) best = mount;
  }
  return best;
}

function listed(mounts: readonly MountEntry[]): string {
  if (mounts.length === 0) return ' (there is none)';
  return mounts.map((mount) => `\n  ${display(mount.mountpoint)}`).join('');
}
