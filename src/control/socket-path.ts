// Where a mount's control socket is: `<major>:<minor>.sock`, after the mount's device number, in a directory that only its owner may enter.
// The directory's mode 0700 and the socket's 0600 are the access check: the kernel lets only the owner, and root, connect. Node shows no
// SO_PEERCRED; the socket is bound inside the closed directory, so there is no moment at which others could reach it.

import { chmodSync, lstatSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { MountEntry } from './mounts.ts';

function candidates(uid: number, runtimeDir: string | undefined): string[] {
  return [
    ...(uid === 0 ? ['/run/rootsync'] : []),
    ...(runtimeDir === undefined || runtimeDir === '' ? [] : [join(runtimeDir, 'rootsync')]),
    ...(uid === 0 ? [] : [`/run/user/${uid}/rootsync`]),
    `/tmp/rootsync-${uid}`,
  ];
}

/** Makes (or takes) the directory for this process's sockets. @throws when there is no place for one, saying which were tried. */
export function makeSocketDirectory(
  uid = process.getuid?.() ?? 0,
  runtimeDir = process.env['XDG_RUNTIME_DIR'],
): string {
  const refused: string[] = [];
  for (const directory of candidates(uid, runtimeDir)) {
    const wrong = claim(directory, uid);
    if (wrong === undefined) return directory;
    refused.push(`${directory}: ${wrong}`);
  }
  throw new Error(`no directory for the control socket (${refused.join('; ')})`);
}

function claim(directory: string, uid: number): string | undefined {
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return (error as Error).message;
  }
  const stat = lstatSync(directory);
  if (!stat.isDirectory()) return 'not a directory';
  if (stat.uid !== uid) return `belongs to uid ${stat.uid}`;
  try {
    if ((stat.mode & 0o077) !== 0) chmodSync(directory, 0o700);
  } catch (error) {
    return (error as Error).message;
  }
  return undefined;
}

export function socketName(device: string): string {
  return `${device}.sock`;
}

/** Where a mount's socket may be, most likely first, whoever asks. */
export function socketPaths(mount: MountEntry, runtimeDir = process.env['XDG_RUNTIME_DIR']): string[] {
  return candidates(mount.owner, runtimeDir).map((directory) => join(directory, socketName(mount.device)));
}
