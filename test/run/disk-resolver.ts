// A path walk done by hand on a real directory tree, component by component, as path_resolution(7) says: which directories it passes, which
// symlinks it follows, what it ends at. Independent of src/: it is what captures are compared with. Paths are bytes as latin1.

import { lstatSync, readlinkSync } from 'node:fs';
import type { Stats } from 'node:fs';

const MOST_LINKS = 40;

/** What a walk met. Paths are absolute within the tree. */
export interface Walk {
  /** Directories that were passed through, the one that the walk ended at included. */
  readonly directories: string[];
  /** Symlinks that were followed, in order. */
  readonly followed: string[];
  /** Where it ended; undefined when it could not go on. */
  readonly end: string | undefined;
  /** Whether something is at `end`. */
  readonly exists: boolean;
  readonly error?: 'ENOENT' | 'ENOTDIR' | 'ELOOP' | 'kernel';
}

/** What is at this path of the tree below `root`. */
export function lstatIn(root: string, path: string): Stats | undefined {
  return lstatSync(onDisk(root, path), { throwIfNoEntry: false });
}

function onDisk(root: string, path: string): Buffer {
  return Buffer.from(root === '/' ? path : root + path, 'latin1');
}

/** Walks `path` from `cwd` in the tree below `root`; `follow`: also a symlink at the very end. */
export function walk(root: string, cwd: string, path: string, follow: boolean): Walk {
  const directories: string[] = ['/'];
  const followed: string[] = [];
  let waiting = path.split('/').filter((part) => part !== '');
  let at = path.startsWith('/') ? '/' : cwd;
  let trailing = path.endsWith('/');
  const stop = (error: Walk['error'], end?: string): Walk => ({
    directories,
    followed,
    end,
    exists: false,
    error: error!,
  });
  for (let here = at; here !== '/'; here = parentOf(here)) directories.push(here);
  for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
    // What the kernel makes up is not the same for two processes.
    if (at === '/proc') return stop('kernel');
    if (name === '.') continue;
    if (name === '..') {
      at = parentOf(at);
      directories.push(at);
      continue;
    }
    const next = at === '/' ? `/${name}` : `${at}/${name}`;
    const stat = lookUp(root, next);
    if (stat === 'ENOTDIR') return stop('ENOTDIR');
    const last = waiting.length === 0;
    if (stat === undefined) return last ? stop('ENOENT', next) : stop('ENOENT');
    if (stat.isSymbolicLink() && (!last || follow || trailing)) {
      followed.push(next);
      if (followed.length > MOST_LINKS) return stop('ELOOP');
      const target = readlinkSync(onDisk(root, next), 'latin1');
      if (target.startsWith('/')) at = '/';
      if (last) trailing ||= target.endsWith('/');
      waiting = [...target.split('/').filter((part) => part !== ''), ...waiting];
      continue;
    }
    if (stat.isDirectory()) directories.push(next);
    else if (!last) return { directories, followed, end: next, exists: true, error: 'ENOTDIR' };
    at = next;
  }
  return { directories, followed, end: at, exists: true };
}

function lookUp(root: string, path: string): Stats | undefined | 'ENOTDIR' {
  try {
    return lstatIn(root, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return 'ENOTDIR';
    return undefined;
  }
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 0)) || '/';
}
