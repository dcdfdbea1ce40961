// The one error of the decoders. It is thrown, not returned: a kernel that keeps to the protocol never causes it, but for
// positions beyond 2^53 - 1, which a program may ask for (`errno` EFBIG).

import { EIO } from '../errno.ts';
import type { Errno } from '../errno.ts';

/** A request that cannot be decoded: what was expected, at which byte of the buffer, and the errno to answer with. */
export class FrameError extends Error {
  readonly offset: number;
  readonly errno: Errno;

  constructor(what: string, offset: number, errno: Errno = EIO) {
    super(`${what} at byte ${String(offset)}`);
    this.name = 'FrameError';
    this.offset = offset;
    this.errno = errno;
  }
}
