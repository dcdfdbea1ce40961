// A pool of copy threads for tests, whose replies go to a file in memory instead of /dev/fuse.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { asBytes } from '../../src/bytes.ts';
import { startCopyPool } from '../../src/copy/copy-pool.ts';
import type { CopyPool } from '../../src/copy/copy-pool.ts';
import { CopyThreads } from '../../src/copy/copy-threads.ts';
import { presumedFeatures } from '../../src/copy/features.ts';
import { openStage } from '../../src/copy/stage.ts';
import type { Stage } from '../../src/copy/stage.ts';
import { AT_FDCWD } from '../../src/sys/at.ts';
import { O_DIRECTORY, O_PATH, close, memfd, openat } from '../../src/sys/open.ts';
import { POLLIN, PollSet, drainEvent, eventfd } from '../../src/sys/poll.ts';
import { got, ok } from '../sys/place.ts';

const SECONDS = 60e9;

/** A reply as it would go to the kernel. */
export interface Reply {
  error: number;
  uniqueLo: number;
  uniqueHi: number;
  body: Buffer;
}

export class PoolUnderTest {
  readonly stage: Stage;
  readonly pool: CopyPool;
  readonly bugs: string[] = [];
  readonly #wakeFd = ok(eventfd());
  readonly #procFd = ok(openat(AT_FDCWD, asBytes('/proc'), O_PATH | O_DIRECTORY));
  readonly #replyFd = ok(memfd(asBytes('replies')));
  readonly #poll = new PollSet(1);

  constructor(dirFd: number, ioThreads = 1) {
    this.stage = got(openStage(dirFd, asBytes('stage')));
    this.#poll.watch(0, this.#wakeFd, POLLIN);
    const onBug = (stack: string) => this.bugs.push(stack);
    const ground = {
      wakeFd: this.#wakeFd,
      procFd: this.#procFd,
      fuseFd: this.#replyFd,
      stageDirFd: this.stage.fd,
      features: presumedFeatures(0, 255),
    };
    this.pool = got(startCopyPool(new CopyThreads(onBug, ioThreads), ground));
  }

  /** Waits for the eventfd and drains, as a session does, until `enough`. */
  drainUntil(enough: () => boolean): void {
    while (!enough()) {
      assert.equal(this.#poll.wait(SECONDS), 1, 'no answer');
      ok(drainEvent(this.#wakeFd));
      this.pool.drain();
    }
  }

  /** All replies so far; they must be whole and fill the file. */
  replies(): Reply[] {
    const bytes = readFileSync(`/proc/self/fd/${String(this.#replyFd)}`);
    const replies: Reply[] = [];
    for (let at = 0; at < bytes.length;) {
      const length = bytes.readUInt32LE(at);
      assert.ok(length >= 16 && at + length <= bytes.length, 'a whole frame');
      replies.push({
        error: bytes.readInt32LE(at + 4),
        uniqueLo: bytes.readInt32LE(at + 8),
        uniqueHi: bytes.readInt32LE(at + 12),
        body: bytes.subarray(at + 16, at + length),
      });
      at += length;
    }
    return replies;
  }

  close(): void {
    assert.ok(this.pool.close(), 'the threads ended');
    this.stage.close();
    for (const fd of [this.#wakeFd, this.#procFd, this.#replyFd]) ok(close(fd));
  }
}
