// What a filesystem can hold, found by trying it with throwaway files, since neither its name nor its version tells.
// Invariant: whatever it finds, nothing is left in the directory that it is given.

import { asBytes } from '../bytes.ts';
import { EBADF, ENOSPC } from '../errno.ts';
import type { Errno } from '../errno.ts';
import { syncfs } from '../sys/io.ts';
import { mkdirat } from '../sys/link.ts';
import { fstatfs } from '../sys/mount.ts';
import { O_DIRECTORY, O_RDONLY, close, openat } from '../sys/open.ts';
import { presumedFeatures } from './features.ts';
import type { Features } from './features.ts';
import { probeAttributes } from './probe-attributes.ts';
import { probeContent } from './probe-content.ts';
import { probeNames } from './probe-names.ts';
import { removeTree } from './stage.ts';

const PROBE = asBytes('probe');

/**
 * Tries what the filesystem of `dirFd` can hold, in a directory `probe` made there and removed again. Never fails: when the
 * filesystem is full or read-only, `untried` says why and the features are those that its type is known for.
 */
export function probeFeatures(dirFd: number): Features {
  const fs = fstatfs(dirFd);
  const magic = typeof fs === 'number' ? 0 : fs.type;
  const features = presumedFeatures(magic, typeof fs === 'number' ? 0 : fs.namelen);
  // A call that exists finds a bad descriptor; a real syncfs here would write out a whole busy filesystem.
  features.syncfs = syncfs(-1) === EBADF;
  if (typeof fs === 'number') return { ...features, untried: fs };
  removeTree(dirFd, PROBE);
  // A filesystem without limits says that it has no blocks.
  features.untried = inProbeDirectory(dirFd, features, fs.blocks === 0 ? Infinity : fs.bavail * fs.frsize);
  return features;
}

// Enough for the probes: below it, what could not be tried would be mistaken for what can't be held.
const ROOM = 1 << 18;

function inProbeDirectory(dirFd: number, features: Features, room: number): Errno | 0 {
  if (room < ROOM) return ENOSPC;
  const made = mkdirat(dirFd, PROBE, 0o700);
  if (made < 0) return made as Errno;
  const fd = openat(dirFd, PROBE, O_RDONLY | O_DIRECTORY);
  try {
    if (fd < 0) return fd as Errno;
    const found = { ...features };
    for (const probe of [probeAttributes, probeNames, probeContent]) {
      const err = probe(fd, found);
      if (err < 0) return err as Errno;
    }
    Object.assign(features, found);
    return 0;
  } finally {
    if (fd >= 0) close(fd);
    removeTree(dirFd, PROBE);
  }
}
