// How an open file's data moves while anything has it open. The kernel allows one way per inode at a time: either every open is
// passed through to one backing file, or every open is served by us. All opens of a node share this state; it ends with the last one.

import { backingClose } from '../sys/fuse-dev.ts';

export class OpenState {
  /** Opens that the kernel has not released. */
  handles = 0;
  /** Opens that may write. */
  writers = 0;
  /** Registered backing file; 0: the data are served. */
  backingId = 0;
  /** Whether that of disk is the backing; holds while it is `fixed`. */
  onDisk = false;
  /** Readable descriptor of the backing; -1 until needed. */
  readFd = -1;
  /** Writable descriptor of the backing; -1 until needed. */
  writeFd = -1;
  /** Work in other threads that uses the descriptors; they are closed only when it is 0. */
  #borrowed = 0;
  #retired: number[] = [];
  readonly #close: (fd: number) => void;

  /** `close` closes a descriptor of either branch. */
  constructor(close: (fd: number) => void) {
    this.#close = close;
  }

  get passthrough(): boolean {
    return this.backingId !== 0;
  }

  /** Whether the backing must stay what it is: the kernel, or a writer who will not be asked again, uses it. */
  get fixed(): boolean {
    return this.backingId !== 0 || this.writers > 0;
  }

  /** The descriptor to read from, preferring the one that also sees what was written. */
  get fd(): number {
    return this.writeFd >= 0 ? this.writeFd : this.readFd;
  }

  /** Another thread uses a descriptor until `giveBack`. */
  borrow(): void {
    this.#borrowed++;
  }

  giveBack(): void {
    if (--this.#borrowed === 0) this.#closeRetired();
  }

  /** Puts descriptors of another backing in place; the old ones go when nobody uses them. */
  replace(readFd: number, writeFd: number): void {
    if (this.readFd >= 0) this.#retired.push(this.readFd);
    if (this.writeFd >= 0) this.#retired.push(this.writeFd);
    this.readFd = readFd;
    this.writeFd = writeFd;
    if (this.#borrowed === 0) this.#closeRetired();
  }

  /** Nobody has it open any more: what the kernel was given of it (`fuseFd`: /dev/fuse) and the descriptors go. */
  end(fuseFd: number): void {
    if (this.passthrough) backingClose(fuseFd, this.backingId);
    this.backingId = 0;
    this.replace(-1, -1);
  }

  #closeRetired(): void {
    for (const fd of this.#retired) this.#close(fd);
    this.#retired = [];
  }
}
