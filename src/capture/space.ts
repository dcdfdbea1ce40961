// Room on flash for captures: what is free, less what copies under way will take, against the reserve. After a copy failed for want of
// room, captures pause until there is visibly more room than then.

import type { Branch } from '../branch/branch.ts';
import { fstatfs } from '../sys/mount.ts';

/** What is free on flash. */
export interface Room {
  /** Bytes. */
  readonly free: number;
  readonly files: number;
}

export class Space {
  readonly #flash: Branch;
  /** Bytes that captures leave free. */
  readonly reserve: number;
  #queued = 0;
  /** Free bytes and inodes when a copy failed with ENOSPC; undefined while none has. */
  #failedAt: Room | undefined;

  constructor(flash: Branch, reserve: number) {
    this.#flash = flash;
    this.reserve = reserve;
  }

  /** Bytes free for captures, before the reserve. */
  get free(): number {
    return this.#measure().free - this.#queued;
  }

  get room(): Room {
    return this.#measure();
  }

  /** A copy failed, and there is no more room now than then. */
  get full(): boolean {
    if (this.#failedAt === undefined) return false;
    const now = this.#measure();
    if (now.free <= this.#failedAt.free && now.files <= this.#failedAt.files) return true;
    this.#failedAt = undefined;
    return false;
  }

  /** A copy of `bytes` is under way. */
  take(bytes: number): void {
    this.#queued += bytes;
  }

  /** It has ended, one way or another. */
  giveBack(bytes: number): void {
    this.#queued = Math.max(0, this.#queued - bytes);
  }

  /** A copy failed with ENOSPC. */
  exhausted(): void {
    this.#failedAt = this.#measure();
  }

  #measure(): Room {
    const found = fstatfs(this.#flash.fd(this.#flash.root));
    if (typeof found === 'number') return { free: Infinity, files: Infinity };
    return { free: found.bavail * found.frsize, files: found.ffree };
  }
}
