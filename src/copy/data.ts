// The bytes of a copy: shared where the filesystem can, else copied data segment by data segment, so that a hole stays a hole and
// costs nothing. Knows neither names nor attributes. Invariant: at most one buffer of BUFFER bytes per thread.

import { EDQUOT, EFBIG, EINVAL, EIO, ENOSPC, ENXIO, EOPNOTSUPP, EROFS } from '../errno.ts';
import { ftruncate } from '../sys/attr.ts';
import { SEEK_DATA, SEEK_HOLE, copyFileRange, ficlone, lseek, pread, pwrite } from '../sys/io.ts';

const BUFFER = 1 << 18;
/** Bytes between two calls of `between`, at the most. */
const STRIDE = 1 << 22;

const buffer = Buffer.allocUnsafeSlow(BUFFER);

export interface CopyDataOptions {
  /** Whether sharing blocks is worth trying (Features.reflink). */
  reflink: boolean;
  /** Called every few MiB: what must not wait behind a big copy is done there. */
  between?: (() => void) | undefined;
}

/**
 * Copies the first `size` bytes of `srcFd` into the empty file `dstFd`, which then has that size; neither position counts
 * afterwards. Returns the bytes of data, holes not counted (less than expected when the source has shrunk).
 * Errors: ENOSPC, EDQUOT, EFBIG, EIO, EROFS and what else reading or writing gives.
 */
export function copyData(srcFd: number, dstFd: number, size: number, options: CopyDataOptions): number {
  if (size === 0) return 0;
  if (options.reflink && ficlone(dstFd, srcFd) === 0) {
    const err = ftruncate(dstFd, size);
    return err < 0 ? err : size;
  }
  let copied = 0;
  let position = 0;
  while (position < size) {
    const start = dataFrom(srcFd, position, size);
    if (start < 0) return start;
    if (start >= size) break;
    const end = holeFrom(srcFd, start, size);
    if (end < 0) return end;
    const n = copySegment(srcFd, dstFd, start, end, options.between);
    if (n < 0) return n;
    copied += n;
    position = end;
  }
  const err = ftruncate(dstFd, size);
  return err < 0 ? err : copied;
}

// Where the next data begin, `size` when there are none. A filesystem without SEEK_DATA says EINVAL: all is data.
function dataFrom(fd: number, position: number, size: number): number {
  const at = lseek(fd, position, SEEK_DATA);
  if (at >= 0) return at < size ? at : size;
  if (at === ENXIO) return size;
  return at === EINVAL || at === EOPNOTSUPP ? position : at;
}

function holeFrom(fd: number, position: number, size: number): number {
  const at = lseek(fd, position, SEEK_HOLE);
  if (at > position) return at < size ? at : size;
  // ENXIO: the source has just shrunk. The hole that begins here is one that was punched since SEEK_DATA.
  return at >= 0 || at === EINVAL || at === EOPNOTSUPP || at === ENXIO ? size : at;
}

// The kinds of error that a second way of copying would meet again.
function isFinal(err: number): boolean {
  return err === ENOSPC || err === EDQUOT || err === EFBIG || err === EIO || err === EROFS;
}

// Bytes copied: fewer than asked when the source ends before `end`.
function copySegment(
  srcFd: number,
  dstFd: number,
  start: number,
  end: number,
  between: (() => void) | undefined,
): number {
  let inKernel = true;
  let sinceBetween = 0;
  let at = start;
  while (at < end) {
    const want = Math.min(end - at, STRIDE);
    let n = inKernel ? copyFileRange(srcFd, at, dstFd, at, want) : copyBuffer(srcFd, dstFd, at, want);
    // EXDEV between most filesystems; and some return 0 where there are data.
    if (inKernel && (n === 0 || (n < 0 && !isFinal(n)))) {
      inKernel = false;
      n = copyBuffer(srcFd, dstFd, at, want);
    }
    if (n < 0) return n;
    if (n === 0) break;
    at += n;
    sinceBetween += n;
    if (sinceBetween >= STRIDE && at < end) {
      sinceBetween = 0;
      between?.();
    }
  }
  return at - start;
}

// Copies up to one buffer: bytes copied, 0 at the source's end.
function copyBuffer(srcFd: number, dstFd: number, position: number, want: number): number {
  const n = pread(srcFd, buffer, 0, Math.min(want, BUFFER), position);
  if (n <= 0) return n;
  for (let done = 0; done < n;) {
    const written = pwrite(dstFd, buffer, done, n - done, position + done);
    if (written < 0) return written;
    done += written;
  }
  return n;
}
