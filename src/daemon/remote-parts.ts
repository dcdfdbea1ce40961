// What is different where disk may wait without end: that it is one, the threads that ask it, and what is told of it.

import type { Branch } from '../branch/branch.ts';
import type { BranchDir } from '../branch/branch-dir.ts';
import { asBytes } from '../bytes.ts';
import type { Journal } from '../capture/journal.ts';
import { stageDirectory } from '../copy/directory-copy.ts';
import type { StagedDirectory } from '../copy/directory-copy.ts';
import type { Features } from '../copy/features.ts';
import { mayWait } from '../copy/filesystem-type.ts';
import { startRemoteDisk } from '../copy/remote-disk.ts';
import type { RemoteDiskOptions } from '../copy/remote-disk.ts';
import { Waiters } from '../ops/waiters.ts';
import type { Stage } from '../copy/stage.ts';
import { EIO } from '../errno.ts';
import type { Errno } from '../errno.ts';
import { parking } from '../ops/parking.ts';
import { operations } from '../ops/table.ts';
import type { Engine } from '../ops/engine.ts';
import { fstatfs } from '../sys/mount.ts';
import type { LiveConfig } from './config.ts';

const NO_NAME = asBytes('');

/**
 * Whether disk's filesystem is one that may wait without end; what was said of it counts. Those that are mounted below a running system's `/` are not asked: a
 * file manager's FUSE mount would have every `rootsync run` start eight threads more.
 */
export function isRemote(said: LiveConfig['diskRemote'], disk: Branch): boolean {
  if (said !== 'auto') return said === 'yes';
  const found = fstatfs(disk.fd(disk.root));
  return typeof found !== 'number' && mayWait(found.type);
}

/** Has `disk` asked by others from now on. Errors: as `startRemoteDisk`. */
export function askByOthers(disk: Branch, options: RemoteDiskOptions): Engine['remote'] | Errno {
  const remote = startRemoteDisk(options);
  if (typeof remote === 'number') return remote;
  disk.calls = remote;
  return { disk: remote, waiters: new Waiters() };
}

/** How flash's directories are made: copies of disk's in the stage. */
export function directoryCopies(
  { disk, stage, features }: { readonly disk: Branch; readonly stage: Stage; readonly features: Features },
  remote: Engine['remote'],
): (place: BranchDir) => StagedDirectory | Errno {
  return (place) => {
    const fd = disk.fd(place.husk ? (place.parent ?? disk.root) : place);
    if (fd < 0) return fd as Errno;
    const name = place.husk ? place.name : NO_NAME;
    if (remote !== null) return remote.disk.directory(place, fd, name, stage.name());
    return stageDirectory(fd, name, { stageDirFd: stage.fd, stageName: stage.name(), features });
  };
}

/** The operations, as disk lets them be done. */
export function operationsOver({ remote }: Engine): typeof operations {
  return remote === null ? operations : parking(operations, remote.disk, remote.waiters);
}

/** Has the log say when disk falls silent, and when it answers again. */
export function tellOfDisk({ remote }: Engine, journal: Journal): void {
  if (remote === null) return;
  const { disk, waiters } = remote;
  disk.silence.onChange = () => {
    if (!disk.silent) {
      journal.disk('answers', 'disk answers again');
      return;
    }
    journal.disk('silent', 'disk does not answer: what needs it waits (rootsync detach goes on without it)');
    if (disk.isExpendable) waiters.giveUp(EIO);
  };
}

/** If it is time to: whether disk still does not answer, and who waits for it in vain. */
export function lookAtDisk({ remote }: Engine): void {
  if (remote === null) return;
  const { deadline } = remote.disk.silence;
  if (deadline === undefined || deadline > performance.now()) return;
  remote.waiters.look();
  remote.disk.look();
}

/** From now on nobody waits for a disk that does not answer. */
export function doWithoutDisk({ remote }: Engine): void {
  if (remote === null) return;
  remote.disk.giveUp();
  if (remote.disk.silent) remote.waiters.giveUp(EIO);
}
