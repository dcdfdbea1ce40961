// Which processes have given files of a mount open, mapped, or are running them, as /proc shows them to this user. Reads links of /proc only; it never
// touches the mount.

import { asBytes, fromText, type ByteString } from '../bytes.ts';
import { printable } from './event-line.ts';
import { link, list, nameOf, processes, read } from './proc-links.ts';

export interface Holder {
  readonly pid: number;
  readonly comm: string;
  /** In the merged root, for people. */
  readonly path: string;
}

/** `paths` are absolute in the merged root that is mounted at `mountpoint`; one entry per process and file. */
export function holdersOf(mountpoint: ByteString, paths: readonly string[]): Holder[] {
  const prefix = mountpoint === '/' ? '' : mountpoint;
  const wanted = new Map(paths.map((path) => [asBytes(prefix + fromText(path)), path]));
  const holders: Holder[] = [];
  for (const pid of processes()) {
    for (const file of filesOf(`/proc/${String(pid)}`)) {
      const path = wanted.get(file);
      if (path !== undefined) holders.push({ pid, comm: nameOf(pid), path });
    }
  }
  return holders;
}

function filesOf(dir: string): Set<ByteString> {
  const files = new Set([link(`${dir}/exe`)]);
  for (const fd of list(`${dir}/fd`)) files.add(link(`${dir}/fd/${fd}`));
  // maps: address perms offset dev inode path
  for (const line of fromText(read(`${dir}/maps`)).split('\n')) {
    const path = /^(?:\S+ +){5}(\/.*)$/.exec(line)?.[1];
    if (path !== undefined) files.add(asBytes(path));
  }
  return files;
}

/** ` by COMM[PID], ...`; empty where no process is seen to have it. */
export function describeHolders(holders: readonly Holder[], path: string): string {
  const own = holders.filter((holder) => holder.path === path);
  if (own.length === 0) return '';
  return ` by ${own.map(({ pid, comm }) => `${printable(comm)}[${String(pid)}]`).join(', ')}`;
}
