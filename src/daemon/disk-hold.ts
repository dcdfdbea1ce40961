// Where disk is, and the main thread's descriptor on it, which tells how full it is: closed while disk is away. A path is walked here and not in the
// session's thread, which may have to answer for it.

import type { OpenedTree } from '../branch/branch.ts';
import { openDiskTree } from '../branch/open-branch.ts';
import { asBytes } from '../bytes.ts';
import { Refusal } from '../control/refusal.ts';
import { errnoName } from '../errno.ts';
import { close, O_DIRECTORY, O_PATH, openat } from '../sys/open.ts';

interface Opened {
  readonly path: string;
  readonly fd: number;
  readonly tree: OpenedTree;
}

export class DiskHold {
  /** Absolute. */
  path: string;
  /** -1: it is away. */
  fd: number;

  readonly #under: string;

  /** `under`: as DiskOptions. */
  constructor(path: string, fd: number, under: string) {
    this.path = path;
    this.fd = fd;
    this.#under = under;
  }

  close(): void {
    if (this.fd >= 0) close(this.fd);
    this.fd = -1;
  }

  /** Opens what is to be disk again; `hidden`: as DiskOptions. @throws Refusal */
  open(path: string | undefined, hidden: readonly string[]): Opened {
    const wanted = path ?? this.path;
    const tree = openDiskTree({ path: wanted, hidden, under: this.#under });
    if (typeof tree === 'number') throw new Refusal('no-such-path', `${wanted}: ${errnoName(tree)}`);
    // Of the branch's private view: what is mounted at the path stays free to be unmounted.
    const fd = openat(tree.rootFd, asBytes('.'), O_PATH | O_DIRECTORY);
    if (fd >= 0) return { path: wanted, fd, tree };
    close(tree.rootFd);
    throw new Refusal('no-such-path', `${wanted}: ${errnoName(fd)}`);
  }

  /** What was opened is disk from now on. @throws Refusal where it is not (`isIt`): the session says so. */
  take({ path, fd }: Opened, isIt: boolean): void {
    if (!isIt) {
      close(fd);
      const why = 'it has another root directory, or other files; is it, and what belongs on it, mounted there?';
      throw new Refusal('bad-args', `${path} is not the disk that was detached: ${why}`);
    }
    this.path = path;
    this.fd = fd;
  }
}
