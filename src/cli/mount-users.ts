// Which processes keep a mount busy: by their working and root directory, program, open files and mapped files, as /proc shows them to this
// user. Reads links of /proc only; it never touches the mount.

import type { MountEntry } from '../control/mounts.ts';
import { link, list, nameOf, processes, read } from './proc-links.ts';

export interface MountUser {
  readonly pid: number;
  readonly comm: string;
  /** What it holds: `working directory`, `root directory`, `program`, or the path of a file. */
  readonly what: string;
}

/** One entry per process, in the order of pids; those of other users are seen by root only. */
export function mountUsers(mount: MountEntry): MountUser[] {
  return processes().flatMap((pid) => {
    const what = use(`/proc/${String(pid)}`, mount);
    return what === undefined ? [] : [{ pid, comm: nameOf(pid), what }];
  });
}

function use(dir: string, { mountpoint, device }: MountEntry): string | undefined {
  const inside = (path: string): boolean =>
    path === mountpoint || path.startsWith(mountpoint === '/' ? '/' : `${mountpoint}/`);
  if (inside(link(`${dir}/cwd`))) return 'working directory';
  if (mountpoint !== '/' && inside(link(`${dir}/root`))) return 'root directory';
  if (inside(link(`${dir}/exe`))) return 'program';
  for (const fd of list(`${dir}/fd`)) {
    const path = link(`${dir}/fd/${fd}`);
    if (inside(path)) return Buffer.from(path, 'latin1').toString();
  }
  // maps: address perms offset dev inode path
  const [major, minor] = device.split(':').map((part) => Number(part).toString(16).padStart(2, '0'));
  const mapped = read(`${dir}/maps`)
    .split('\n')
    .find((line) => line.split(' ', 4)[3] === `${major}:${minor}`);
  return mapped?.split(/\s+/).slice(5).join(' ');
}
