// A rename from a name whose changes go to flash to one whose changes go to disk: the file is copied to disk, durably, gets the new name there, and
// loses the old one. A crash leaves the old state, or both names, or the new state: never neither. It is another object then, with an inode
// number of disk's, as after mv(1) between two filesystems.

import { asBytes } from '../bytes.ts';
import { OK } from '../fuse/operation.ts';
import type { Request } from '../fuse/operation.ts';
import { EEXIST, EXDEV } from '../errno.ts';
import { fsync } from '../sys/io.ts';
import { renameat2, unlinkat } from '../sys/link.ts';
import { close, O_DIRECTORY, O_RDONLY } from '../sys/open.ts';
import { diskFd, freeOnDisk, touchShown } from './disk-names.ts';
import { flashFd } from './creation.ts';
import type { Engine } from './engine.ts';
import { renumber } from './identity.ts';
import type { Move } from './move.ts';
import { readyToTouch, takeFromDisk, touch, whiteout } from './removal.ts';
import { UNSUITED } from './rename-on-disk.ts';

/** OK, DEFERRED, an Errno, or UNSUITED: disk cannot have it, nothing was changed. */
export function renameDown(engine: Engine, req: Request, move: Move): number {
  const { from, oldName, to, newName, source, target } = move;
  const { tree } = engine;
  const free = freeOnDisk(engine, to, newName);
  if (free < 0) return free === EEXIST || free === EXDEV ? UNSUITED : free;
  // First what may wait: a mark that hides disk's older object of the old name, and means nothing while flash has the newer one.
  const onFlash = source.onFlash;
  if (onFlash) {
    const hidden = whiteout(engine, req, from, oldName, source, true);
    if (hidden !== OK) return hidden;
  }
  const copy = engine.copyDown.take(source, req);
  if (typeof copy === 'number') return copy;
  const publish = (): number => {
    const dirfd = diskFd(engine, to);
    return dirfd < 0 ? dirfd : renameat2(copy.stage.fd, copy.name, dirfd, newName);
  };
  const done = target === null ? publish() : takeFromDisk(engine, target, publish);
  if (done < 0) {
    unlinkat(copy.stage.fd, copy.name);
    return done === EXDEV ? UNSUITED : done;
  }
  engine.routes.diskChanged = true;
  if (target !== null) tree.unlink(target, to, newName);
  // The new name is on the device before the old one goes from another. Rare, so it is waited for here.
  const synced = syncOnDisk(engine, move);
  if (synced < 0) return synced;
  const gone = takeAway(engine, req, move, onFlash);
  if (gone < 0) return gone;
  touchShown(engine, to, 'disk');
  engine.marks.clear(from, oldName);
  tree.move(source, from, oldName, to, newName, false);
  // What may be open ahead is the file of the old name.
  engine.nextFile.clear();
  renumber(engine, source);
  return OK;
}

function syncOnDisk({ tree }: Engine, { to }: Move): number {
  if (to.dir.disk === null) return OK;
  const fd = tree.disk.open(to.dir.disk, asBytes('.'), O_RDONLY | O_DIRECTORY);
  if (fd < 0) return fd;
  const err = fsync(fd);
  close(fd);
  return err;
}

function takeAway(engine: Engine, req: Request, { from, oldName, source }: Move, onFlash: boolean): number {
  if (!onFlash) {
    // Disk's file of the old name is not ours to remove.
    const ready = readyToTouch(engine, from, req);
    const hidden = ready < 0 ? ready : whiteout(engine, req, from, oldName, source, false);
    if (hidden >= 0) touch(engine, from);
    return hidden;
  }
  const dirfd = flashFd(engine, from);
  const gone = dirfd < 0 ? dirfd : unlinkat(dirfd, oldName);
  if (gone >= 0) touchShown(engine, from, 'flash');
  return gone;
}
