// OPEN: the moment that decides a capture. Opening to write makes sure first that the file is where changes of it go; opening to read is answered from
// where the file is, and copied behind the answer. Never ENOSYS: that would blind us to all later opens.

import { EISDIR, ELOOP, ENOENT, ENXIO, ESTALE } from '../errno.ts';
import { OK } from '../fuse/operation.ts';
import type { Operation, Request } from '../fuse/operation.ts';
import { O_ACCMODE, O_RDONLY, O_TRUNC } from '../sys/open.ts';
import { PAGES_STALE, S_IFDIR, S_IFLNK, S_IFREG } from '../tree/node.ts';
import type { Node } from '../tree/node.ts';
import { FOPEN_KEEP_CACHE, FOPEN_NOFLUSH, FOPEN_PASSTHROUGH, FUSE_OPEN_KILL_SUIDGID } from '../wire/constants.ts';
import { openOut } from '../wire/replies.ts';
import type { OpenIn, ReleaseIn } from '../wire/requests/handles.ts';
import { beforeChange } from './ahead.ts';
import { isFinal, isWritable, pathsOf, readyToChange } from './change.ts';
import { cut } from './cut.ts';
import type { Engine } from './engine.ts';
import { isPrivileged, killPrivileges } from './privileges.ts';

export const open: Operation<Engine, OpenIn> = (engine, req, { flags, openFlags }) => {
  const node = engine.tree.get(req.nodeid);
  if (node === undefined) return ESTALE;
  if (node.kind !== S_IFREG) return node.kind === S_IFDIR ? EISDIR : node.kind === S_IFLNK ? ELOOP : ENXIO;
  const truncate = (flags & O_TRUNC) !== 0;
  const writable = truncate || (flags & O_ACCMODE) !== O_RDONLY;
  if (writable) {
    beforeChange(engine);
    const ready = readyToChange(engine, node, req, !truncate);
    if (ready !== OK) return ready;
    const may = isWritable(engine, node);
    if (may < 0) return may === ENOENT ? ESTALE : may;
  } else {
    const room = engine.capture.makeRoom(node, req);
    if (room !== OK) return room;
  }
  const err = writable ? beginToWrite(engine, node, req) : beginOpen(engine, node, false);
  // Gone behind our back: the kernel looks the name up again, and finds what is there now.
  if (err < 0) return err === ENOENT && node.open === null ? ESTALE : err;
  if (truncate) {
    const cut = truncateOpen(engine, node, req, (openFlags & FUSE_OPEN_KILL_SUIDGID) !== 0);
    if (cut < 0) {
      engine.data.end(node, writable);
      return cut;
    }
  }
  replyOpen(engine, req.out, node, writable);
  if (!writable) {
    engine.nextFile.opened(node);
    engine.capture.used(node, req, 'open');
  }
  return OK;
};

export const release: Operation<Engine, ReleaseIn> = (engine, _req, { fh }) => {
  const handle = engine.files.remove(fh);
  if (handle === undefined) return OK;
  const { node, writable } = handle;
  // What was written on flash is flash's: disk's object has not changed.
  const onDisk = writable && node.open?.writers === 1 && engine.tree.shownByDisk(node);
  const written = onDisk ? pathsOf(engine, node) : [];
  engine.data.end(node, writable);
  engine.mirror.closed(written);
  return OK;
};

/** Starts or joins the open state of `node`; passed through only if `mayPass`. Errors: what opening its backing gives. */
export function beginOpen(engine: Engine, node: Node, writable: boolean, mayPass = true): number {
  const state = engine.data.begin(node, writable, mayPass && isFinal(engine, node));
  return typeof state === 'number' ? state : OK;
}

// Of what is passed through we see no write, and the kernel leaves suid and capabilities to us: so a file that has any is served. Where
// others have it open already, passed through, they go now: rather before the first write than never. Not for root, who may keep them.
function beginToWrite(engine: Engine, node: Node, req: Request): number {
  const privileged = engine.data.passthrough && isPrivileged(engine, node);
  const err = beginOpen(engine, node, true, !privileged);
  if (err < 0 || !privileged || req.uid === 0 || node.open?.passthrough !== true) return err;
  const killed = killPrivileges(engine, node, req);
  if (killed < 0) engine.data.end(node, true);
  return killed;
}

/** Writes fuse_open_out for an open that `beginOpen` has counted, with a new handle. */
export function replyOpen(engine: Engine, out: Parameters<typeof openOut>[0], node: Node, writable: boolean): void {
  const fh = engine.files.add({ node, writable });
  const state = node.open;
  if (state?.passthrough === true) {
    openOut(out, fh, FOPEN_PASSTHROUGH | FOPEN_NOFLUSH, state.backingId);
    return;
  }
  const keep = node.has(PAGES_STALE) ? 0 : FOPEN_KEEP_CACHE;
  if (keep !== 0 && !writable && state?.handles === 1) engine.prefill.give(node, state.fd);
  node.set(PAGES_STALE, false);
  openOut(out, fh, keep | FOPEN_NOFLUSH);
}

function truncateOpen(engine: Engine, node: Node, req: Request, killSuidgid: boolean): number {
  const fd = engine.data.writable(node);
  if (fd < 0) return fd;
  engine.tree.disk.calls.begun();
  const err = cut(fd, 0);
  if (err < 0) return err;
  return killSuidgid ? killPrivileges(engine, node, req) : OK;
}
