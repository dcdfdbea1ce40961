// A file's first bytes, given to the kernel before it asks for them. A small served file otherwise costs a READ, and then a GETATTR, since
// whatever it reads by itself makes the kernel doubt the access time. Only what is in memory is given: nothing waits for a device.
// Invariant: only for a file that nobody else has open, so that no page of it can be waiting for us: the kernel's write(2) waits for a
// page that is being read.

import { preadNowait, write } from '../sys/io.ts';
import { PAGES_GIVEN, PAGES_STALE } from '../tree/node.ts';
import type { Node } from '../tree/node.ts';
import { SIZE } from '../wire/constants.ts';
import { notifyStore } from '../wire/notify.ts';
import { Writer } from '../wire/writer.ts';

/** Bytes. Of a bigger file this much is given, and the kernel reads ahead of it in big pieces. */
const MOST = 32 * 1024;
const HEAD = SIZE.fuse_out_header + SIZE.fuse_notify_store_out;

export class Prefill {
  readonly #fuseFd: number;
  readonly #out = new Writer(Buffer.allocUnsafeSlow(HEAD + MOST));

  constructor(fuseFd: number) {
    this.#fuseFd = fuseFd;
  }

  /** Gives the kernel the beginning of `node`, read from `fd`, unless it has it. What it refuses it will ask for. */
  give(node: Node, fd: number): void {
    if (node.has(PAGES_GIVEN | PAGES_STALE)) return;
    const out = this.#out;
    const size = preadNowait(fd, out.buf, HEAD, MOST, 0);
    if (size <= 0) return;
    node.flags |= PAGES_GIVEN;
    out.reset(0);
    notifyStore(out, node.id, 0, size);
    write(this.#fuseFd, out.buf, 0, out.pos);
  }
}
