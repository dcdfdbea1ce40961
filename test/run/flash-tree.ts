// What is on a flash, for comparisons: every path with its type, without rootsync's own directory. Paths are bytes as latin1.

import { lstatSync, readdirSync } from 'node:fs';

export type FlashType = 'file' | 'symlink' | 'directory' | 'special';

/** Every object below `flash` but its root, by absolute path in the merged root. */
export function flashTree(flash: string): Map<string, FlashType> {
  const found = new Map<string, FlashType>();
  const look = (dir: string): void => {
    for (const entry of readdirSync(Buffer.from(flash + dir, 'latin1'), { encoding: 'latin1' as BufferEncoding })) {
      const path = `${dir}/${entry}`;
      if (path === '/.rootsync') continue;
      const stat = lstatSync(Buffer.from(flash + path, 'latin1'));
      found.set(
        path,
        stat.isFile() ? 'file' : stat.isSymbolicLink() ? 'symlink' : stat.isDirectory() ? 'directory' : 'special',
      );
      if (stat.isDirectory()) look(path);
    }
  };
  look('');
  return found;
}
