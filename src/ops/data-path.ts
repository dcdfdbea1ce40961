// How the data of open files move: passed through by the kernel to a backing file, or served by us. The kernel's rule is one way per
// inode while anything has it open; so the first open decides and the others follow. Passed through is only what has its final
// backing (flash's files, and disk's that are changed in place): what a later change would copy to flash is served, so that a reader that
// has it open sees the change. And what is small and only read is served: after each read and mapping of a file that it passes through the kernel doubts
// the access time, and the next stat costs a request; a loader's fstat of each library, a quarter of all requests.

import { ON_THE_SPOT } from '../branch/calls.ts';
import { EIO, EOPNOTSUPP, EPERM } from '../errno.ts';
import { backingOpen } from '../sys/fuse-dev.ts';
import { O_NOATIME, O_RDONLY, O_RDWR } from '../sys/open.ts';
import { newStat, statxFd } from '../sys/stat.ts';
import { PAGES_STALE } from '../tree/node.ts';
import type { Node } from '../tree/node.ts';
import { OpenState } from '../tree/open-state.ts';
import { openNode } from '../tree/place.ts';
import type { Tree } from '../tree/tree.ts';
import type { NextFile } from './next-file.ts';
import type { RecentFiles } from './recent-files.ts';
import { hasSetId } from './set-id.ts';

/** Bytes. A file to be read that is no bigger is served; a C library is smaller. Its pages may then be in memory twice for a while. */
const SMALL = 2 << 20;

const stat = newStat();

export interface DataPathOptions {
  readonly tree: Tree;
  /** Descriptor of /dev/fuse. */
  readonly fuseFd: number;
  /** To be used if the kernel agrees. */
  readonly passthrough: boolean;
  /** Flash can be mapped shared and writable, and so can disk; else opens for writing are served, and our page cache gives that. */
  readonly sharedMmap: boolean;
  readonly nextFile: NextFile;
  readonly recentFiles: RecentFiles;
  readonly diskSharedMmap: boolean;
}

export class DataPath {
  readonly #tree: Tree;
  readonly #fuseFd: number;
  readonly #sharedMmap: boolean;
  readonly #nextFile: NextFile;
  readonly #recentFiles: RecentFiles;
  readonly #diskSharedMmap: boolean;
  #passthrough: boolean;
  /** Files that are open now. */
  openFiles = 0;
  /** Of these opens, those that may write. */
  writers = 0;

  constructor(options: DataPathOptions) {
    this.#tree = options.tree;
    this.#fuseFd = options.fuseFd;
    this.#passthrough = options.passthrough;
    this.#sharedMmap = options.sharedMmap;
    this.#nextFile = options.nextFile;
    this.#recentFiles = options.recentFiles;
    this.#diskSharedMmap = options.diskSharedMmap;
  }

  /** Whether data can be passed through at all. */
  get passthrough(): boolean {
    return this.#passthrough;
  }

  /** What the kernel agreed to. */
  allow(passthrough: boolean): void {
    this.#passthrough &&= passthrough;
  }

  /** The state of `node` for one more open. Errors: what opening its backing gives. */
  begin(node: Node, writable: boolean, final: boolean): OpenState | number {
    const mayPass = this.#passthrough && final;
    const state =
      node.open ?? this.#recentFiles.take(node, mayPass && !writable) ?? new OpenState(this.#tree.disk.calls.close);
    if (node.open === null) {
      if (state.readFd < 0) {
        const fd = this.#openToRead(node);
        if (fd < 0) return fd;
        state.readFd = fd;
        if (mayPass && (!writable || this.#mapsShared(node))) this.#register(state, writable);
      }
      node.open = state;
      this.openFiles++;
    } else if (state.fd < 0) {
      // Cut off from a disk that may be back.
      const fd = this.#openToRead(node);
      if (fd < 0) return fd;
      state.replace(fd, -1);
    }
    if (!state.fixed || state.handles === 0) state.onDisk = this.#tree.shownByDisk(node);
    state.handles++;
    if (writable) {
      state.writers++;
      this.writers++;
    }
    if (state.passthrough && writable) node.flags |= PAGES_STALE;
    return state;
  }

  end(node: Node, writable: boolean): void {
    const state = node.open;
    if (state === null) return;
    if (writable) {
      state.writers--;
      this.writers--;
    }
    if (--state.handles > 0) return;
    node.open = null;
    this.openFiles--;
    // To ask whether it is still the same would be to ask disk.
    const asks = state.onDisk && this.#tree.disk.calls !== ON_THE_SPOT;
    if (writable || asks) state.end(this.#fuseFd);
    else this.#recentFiles.closed(node, state);
    this.#tree.release(node);
  }

  /** A descriptor that can write `node`, which may be changed where it lies and is open. Errors: what open gives. */
  writable(node: Node): number {
    const state = node.open;
    if (state === null) return openNode(this.#tree, node, O_RDWR);
    if (state.writeFd < 0) {
      const fd = openNode(this.#tree, node, O_RDWR);
      if (fd < 0) return this.#tree.disk.away ? EIO : fd;
      state.writeFd = fd;
    }
    return state.writeFd;
  }

  /** `node` lies elsewhere now (it was copied to flash): who has it open goes on with the new backing. */
  moved(node: Node): number {
    const state = node.open;
    if (state === null || state.passthrough) return 0;
    const fd = this.#openToRead(node);
    if (fd < 0) return fd;
    state.replace(fd, -1);
    return 0;
  }

  #mapsShared(node: Node): boolean {
    return this.#tree.shownByDisk(node) ? this.#diskSharedMmap : this.#sharedMmap;
  }

  #openToRead(node: Node): number {
    // Reading disk must not change it, not even its access times; who does not own the file may not ask for that.
    if (this.#tree.shownByDisk(node)) {
      const ready = this.#nextFile.take(node);
      if (ready >= 0) return ready;
      const fd = openNode(this.#tree, node, O_RDONLY | O_NOATIME);
      if (fd !== EPERM) return fd;
    }
    return openNode(this.#tree, node, O_RDONLY);
  }

  /** Has the kernel pass an open file through, unless it had better be served. */
  #register(state: OpenState, writable: boolean): void {
    // A reader of a set-id file is served, too: from a writer who joins one that is passed through, the bits would have to be taken before anything is
    // written. Asked only here, where the kernel is about to be asked for more.
    if (statxFd(state.readFd, stat) < 0 || hasSetId(stat.mode)) return;
    if (!writable && stat.size <= SMALL) return;
    const id = backingOpen(this.#fuseFd, state.readFd);
    if (id > 0) state.backingId = id;
    // Not allowed here (a user namespace) or not by this kernel: not worth another try.
    else if (id === EPERM || id === EOPNOTSUPP) this.#passthrough = false;
  }
}
