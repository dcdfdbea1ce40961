// Who waits for a disk that does not answer. The kernel lets a caller go only once its request is answered, even when it is killed: so it is looked whether one is being
// killed, and then it is answered for. Other signals interrupt nothing, as with any disk.

import { asBytes } from '../bytes.ts';
import { EINTR, ENOENT } from '../errno.ts';
import type { Errno } from '../errno.ts';
import type { Deferred } from '../fuse/operation.ts';
import { AT_FDCWD } from '../sys/at.ts';
import { pread } from '../sys/io.ts';
import { close, O_RDONLY, openat } from '../sys/open.ts';

interface Waiter {
  readonly pid: number;
  readonly deferred: Deferred;
  readonly over: () => void;
}

/** Bit of SIGKILL in the masks of /proc/PID/status: what any deadly signal becomes. */
const SIGKILL = 0x100;
const status = Buffer.alloc(16_384);

export class Waiters {
  readonly #all = new Set<Waiter>();

  get size(): number {
    return this.#all.size;
  }

  /** `deferred`, of a caller, waits; `over`: it has been given up, and answered. To be called when it waits no more: false, if it was given up before. */
  add(pid: number, deferred: Deferred, over: () => void): () => boolean {
    const waiter = { pid, deferred, over };
    this.#all.add(waiter);
    deferred.onInterrupt = () => {
      // Of one that cannot be seen from here nothing more is heard.
      if (pid === 0 || isDying(pid)) this.#giveUp(waiter, EINTR);
    };
    return () => this.#all.delete(waiter);
  }

  /** Answers for those that are being killed: the kernel tells of a first signal only. */
  look(): void {
    for (const waiter of this.#all) if (waiter.pid !== 0 && isDying(waiter.pid)) this.#giveUp(waiter, EINTR);
  }

  /** Answers for all of them. */
  giveUp(err: Errno): void {
    for (const waiter of this.#all) this.#giveUp(waiter, err);
  }

  #giveUp(waiter: Waiter, err: Errno): void {
    if (!this.#all.delete(waiter)) return;
    waiter.deferred.fail(err);
    waiter.over();
  }
}

/** Whether a process or thread is being killed, or has gone. This thread's directory is /proc. */
function isDying(pid: number): boolean {
  const fd = openat(AT_FDCWD, asBytes(`${pid}/status`), O_RDONLY);
  if (fd < 0) return fd === ENOENT;
  const length = pread(fd, status, 0, status.length, 0);
  close(fd);
  const masks = status.toString('latin1', 0, Math.max(0, length)).matchAll(/^(?:SigPnd|ShdPnd):\t([0-9a-f]+)$/gm);
  return [...masks].some(([, mask = '']) => (parseInt(mask.slice(-8), 16) & SIGKILL) !== 0);
}
