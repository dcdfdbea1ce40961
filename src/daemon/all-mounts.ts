// Where in the merged root something is mounted, in any mount namespace of this machine that may be seen: services and containers have mounts
// of their own, which the daemon's table does not show, and which a name that vanishes takes away all the same.

import { asBytes } from '../bytes.ts';
import type { ByteString } from '../bytes.ts';
import { DirCursor } from '../sys/dir.ts';
import { readlinkat } from '../sys/link.ts';
import { unescapeField } from '../sys/mountinfo.ts';
import { close, O_DIRECTORY, O_RDONLY, openat } from '../sys/open.ts';
import { readProc } from './proc-file.ts';

const DOT = asBytes('.');

/** Paths in the merged root, without their leading slash. `device`: its `major:minor`, which names it in every namespace. */
export function mountedAnywhere(procFd: number, device: string): ByteString[] {
  const found = new Set<ByteString>();
  const seen = new Set<string>();
  for (const pid of processes(procFd)) {
    const namespace = readlinkat(procFd, asBytes(`${pid}/ns/mnt`));
    if (typeof namespace === 'number' || seen.has(namespace)) continue;
    seen.add(namespace);
    for (const path of mountedOn(device, readProc(procFd, asBytes(`${pid}/mountinfo`)))) found.add(path);
  }
  return [...found];
}

interface Mount {
  readonly parent: string;
  readonly device: string;
  /** What of its filesystem it shows. */
  readonly root: ByteString;
  /** As the process whose table it is sees it. */
  readonly point: ByteString;
}

/** Where on the filesystem `device` others are mounted, by the text of a mountinfo. */
export function mountedOn(device: string, mountinfo: string): ByteString[] {
  const mounts = new Map<string, Mount>();
  for (const line of mountinfo.split('\n')) {
    const [id, parent, dev, root, point] = line.split(' ');
    if (id === undefined || parent === undefined || dev === undefined || root === undefined || point === undefined)
      continue;
    mounts.set(id, { parent, device: dev, root: unescapeField(root), point: unescapeField(point) });
  }
  const paths: ByteString[] = [];
  for (const mount of mounts.values()) {
    const below = mounts.get(mount.parent);
    if (below?.device !== device || below === mount) continue;
    const inside = mount.point.slice(below.point === '/' ? 0 : below.point.length);
    paths.push(asBytes(`${below.root}/${inside}`.replace(/\/+/g, '/').replace(/^\/|\/$/g, '')));
  }
  return paths;
}

function processes(procFd: number): string[] {
  const fd = openat(procFd, DOT, O_RDONLY | O_DIRECTORY);
  if (fd < 0) return [];
  const pids: string[] = [];
  const cursor = new DirCursor();
  while (cursor.fill(fd) > 0) {
    while (cursor.next()) if (/^\d+$/.test(cursor.name)) pids.push(cursor.name);
  }
  close(fd);
  return pids;
}
