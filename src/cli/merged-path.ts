// Paths as words of a command, into paths of the merged root: as bytes, without a leading slash, `''` for the root. Text alone: nothing is
// looked up, so what is gone or hidden can be asked about, and no mount is touched.

import { readlinkSync } from 'node:fs';
import { asBytes, type ByteString } from '../bytes.ts';

/**
 * What `word` means: an absolute path is one of the merged root, as processes in it have it; a relative one continues `base`. `.`, `..`
 * and doubled slashes are taken out; `..` of a symlink's name is that name's directory.
 */
export function mergedPath(word: ByteString, base: ByteString): ByteString {
  const names: string[] = [];
  for (const name of (word.startsWith('/') ? word : `${base}/${word}`).split('/')) {
    if (name === '..') names.pop();
    else if (name !== '' && name !== '.') names.push(name);
  }
  return asBytes(names.join('/'));
}

/** The current directory as in the merged root mounted at `mountpoint`; its root, for who is elsewhere. */
export function baseWithin(mountpoint: ByteString, workingDirectory = currentDirectory()): ByteString {
  const prefix = mountpoint === '/' ? '/' : `${mountpoint}/`;
  return asBytes(workingDirectory.startsWith(prefix) ? workingDirectory.slice(prefix.length) : '');
}

/** As the kernel has it: it is not asked of a mount, which may hang. `/` where it is gone. */
function currentDirectory(): ByteString {
  try {
    return asBytes(readlinkSync('/proc/self/cwd', 'latin1'));
  } catch {
    return asBytes('/');
  }
}
