// Which processes have given files of a mount open, mapped, or are running them, as /proc shows them to this user. Reads links of /proc only; it never
// touches the mount.

import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { asBytes, fromText, type ByteString } from '../bytes.ts';
import { printable } from './event-line.ts';

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
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    for (const file of filesOf(`/proc/${name}`)) {
      const path = wanted.get(file);
      if (path !== undefined) holders.push({ pid: Number(name), comm: read(`/proc/${name}/comm`).trim(), path });
    }
  }
  return holders.sort((a, b) => a.pid - b.pid);
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

function link(path: string): ByteString {
  try {
    return asBytes(readlinkSync(path, 'latin1'));
  } catch {
    return asBytes('');
  }
}

function list(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** ` by COMM[PID], ...`; empty where no process is seen to have it. */
export function describeHolders(holders: readonly Holder[], path: string): string {
  const own = holders.filter((holder) => holder.path === path);
  if (own.length === 0) return '';
  return ` by ${own.map(({ pid, comm }) => `${printable(comm)}[${String(pid)}]`).join(', ')}`;
}
