// In what flash differs from disk, for objects that flash has: nothing, once upgrade mode is in sync. Read from the branches, not through the mount.

import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { join } from 'node:path';

export interface Branches {
  readonly flash: string;
  readonly disk: string;
}

/** A line for each path of flash that disk lacks or has otherwise. */
export function agreement({ flash, disk }: Branches): string[] {
  const wrong: string[] = [];
  const look = (path: string): void => {
    for (const name of readdirSync(join(flash, path), { encoding: 'latin1' })) {
      if (path === '' && name === '.rootsync') continue;
      const at = join(path, name);
      const here = said(join(flash, at));
      const there = said(join(disk, at));
      if (here !== there) wrong.push(`${at}: flash ${here}; disk ${there}`);
      if (lstatSync(join(flash, at)).isDirectory()) look(at);
    }
  };
  look('');
  return wrong;
}

function said(path: string): string {
  const stat = statOf(path);
  if (stat === null) return 'nothing';
  const { mode, uid, gid } = stat;
  const facts = [mode.toString(8), uid, gid];
  if (stat.isSymbolicLink()) facts.push(readlinkSync(path));
  if (stat.isFile()) facts.push(stat.size, stat.mtimeMs, createHash('sha1').update(readFileSync(path)).digest('hex'));
  return facts.join(' ');
}

/** Null where nothing is, also where a directory above it is none on this branch. */
function statOf(path: string): Stats | null {
  try {
    return lstatSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') return null;
    throw error;
  }
}
