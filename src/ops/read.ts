// READ of served files. What is in the page cache is answered at once; what must come from a device is read by a copy thread,
// which answers itself, so that nobody else waits for it.

import { EAGAIN, EBADF, EIO, EOPNOTSUPP } from '../errno.ts';
import { DEFERRED, OK } from '../fuse/operation.ts';
import type { Operation, Request } from '../fuse/operation.ts';
import { preadNowait } from '../sys/io.ts';
import { newStat, statxFd } from '../sys/stat.ts';
import { PAGES_GIVEN } from '../tree/node.ts';
import type { OpenState } from '../tree/open-state.ts';
import type { ReadIn } from '../wire/requests/handles.ts';
import type { Engine } from './engine.ts';

const stat = newStat();

export const read: Operation<Engine, ReadIn> = (engine, req, { fh, offset, size }) => {
  const node = engine.files.get(fh)?.node;
  const state = node?.open;
  if (node === undefined || state == null) return EBADF;
  node.set(PAGES_GIVEN, false);
  const { fd } = state;
  // It was cut off from disk.
  if (fd < 0) return EIO;
  if (engine.remote !== null && engine.tree.shownByDisk(node)) return readRemote(engine, req, state, offset, size);
  const { out } = req;
  const n = preadNowait(fd, out.buf, out.pos, size, offset);
  if (n === size) {
    out.claim(n);
    return OK;
  }
  if (n >= 0) {
    // Short: the end of the file, or the rest is not in memory.
    const err = statxFd(fd, stat);
    if (err < 0) return err;
    if (offset + n >= stat.size) {
      out.claim(n);
      return OK;
    }
  } else if (n !== EAGAIN && n !== EOPNOTSUPP) {
    return n;
  }
  const waiting = req.defer();
  state.borrow();
  engine.pool.submit(
    'io',
    { kind: 'readReply', fd, offset, length: size, uniqueLo: req.uniqueLo, uniqueHi: req.uniqueHi },
    () => {
      state.giveBack();
      waiting.answered();
    },
  );
  return DEFERRED;
};

/** Of a disk that may wait: all is left to the copy threads, and who is killed meanwhile does not wait. */
function readRemote({ pool, remote }: Engine, req: Request, state: OpenState, offset: number, length: number): number {
  const { uniqueLo, uniqueHi } = req;
  const waiting = req.defer();
  state.borrow();
  const read = remote?.disk.silence.reads();
  const leave = remote?.waiters.add(req.pid, waiting, () => {
    // The thread's answer, should there be one, finds nobody.
  });
  pool.submit('remote', { kind: 'readReply', fd: state.fd, offset, length, uniqueLo, uniqueHi }, () => {
    state.giveBack();
    read?.();
    if (leave?.() === true) waiting.answered();
  });
  return DEFERRED;
}
