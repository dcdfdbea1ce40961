// Both branches on their devices: disk first, so that what flash is known to have followed is there.

import type { Branch } from '../branch/branch.ts';
import { asBytes } from '../bytes.ts';
import type { CopyPool } from '../copy/copy-pool.ts';
import { close, O_DIRECTORY, O_RDONLY } from '../sys/open.ts';

/** `flashFd`: of anything on flash. `done` gets 0, or what syncing one of them gave; not at all where disk cannot be opened: an Errno. */
export function syncBoth(disk: Branch, flashFd: number, pool: CopyPool, done: (err: number) => void): number {
  const fd = disk.open(disk.root, asBytes('.'), O_RDONLY | O_DIRECTORY);
  if (fd < 0) return fd;
  pool.submit('capture', { kind: 'sync', fd, how: 'syncfs' }, (onDisk) => {
    close(fd);
    pool.submit('capture', { kind: 'sync', fd: flashFd, how: 'syncfs' }, (onFlash) => {
      done(Math.min(onDisk, onFlash));
    });
  });
  return 0;
}
