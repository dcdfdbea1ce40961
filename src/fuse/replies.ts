// Replies on their way to the kernel: one write(2) each. Knows no operation.
// Invariant: a frame whose `unique` is 0 is never sent from here, since the kernel would take it for a notification.

import { EINVAL, EIO, ENODEV, ENOENT } from '../errno.ts';
import { SIZE } from '../wire/constants.ts';
import { outHeader } from '../wire/replies.ts';
import { Writer } from '../wire/writer.ts';
import type { Channel } from './channel.ts';
import { MAX_IO } from './negotiate.ts';

/** Where a reply's body begins, counted from its header. */
export const BODY = SIZE.fuse_out_header;
/** Room for the largest reply. */
export const REPLY_ROOM = BODY + MAX_IO;

// The kernel refuses an error reply beyond this, and the caller would wait for ever.
const LAST_ERRNO = -511;

export class Replies {
  private readonly channel: Channel;
  private readonly short = new Writer(Buffer.alloc(BODY));
  private spare: Writer | undefined;
  private readonly report: (error: unknown) => void;

  constructor(channel: Channel, report: (error: unknown) => void) {
    this.channel = channel;
    this.report = report;
  }

  /** Sends the body that `out` holds from `start` + BODY to its position; the header goes before it. */
  body(out: Writer, start: number, uniqueLo: number, uniqueHi: number): void {
    const end = out.pos;
    out.reset(start);
    outHeader(out, end - start, 0, uniqueLo, uniqueHi);
    this.send(out.buf, start, end - start, uniqueLo, uniqueHi);
  }

  error(err: number, uniqueLo: number, uniqueHi: number): void {
    const { short } = this;
    const valid = err < 0 && err >= LAST_ERRNO;
    if (!valid) this.report(new RangeError(`${String(err)} is no errno to answer with`));
    short.reset(0);
    outHeader(short, BODY, valid ? err : EIO, uniqueLo, uniqueHi);
    this.send(short.buf, 0, BODY, uniqueLo, uniqueHi);
  }

  /** A writer apart from the one of the request being served, set to write a body; start 0. */
  spareWriter(): Writer {
    this.spare ??= new Writer(Buffer.allocUnsafeSlow(REPLY_ROOM));
    this.spare.reset(BODY);
    return this.spare;
  }

  private send(buf: Buffer, offset: number, length: number, uniqueLo: number, uniqueHi: number): void {
    if (uniqueLo === 0 && uniqueHi === 0) {
      this.report(new Error('a reply to no request'));
      return;
    }
    const sent = this.channel.send(buf, offset, length);
    // ENOENT: the caller was interrupted and is gone. ENODEV: unmounted; receiving says so next. Otherwise the reply is malformed
    // (the kernel has then answered EIO by itself).
    if (sent >= 0 || sent === ENOENT || sent === ENODEV) return;
    this.report(
      new Error(
        `the kernel refused a reply of ${String(length)} bytes: ${sent === EINVAL ? 'malformed' : String(sent)}`,
      ),
    );
  }
}
