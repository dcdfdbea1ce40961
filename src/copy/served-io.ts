// Reads, writes and syncs that may wait for a device, answered on /dev/fuse from the thread that waited. The FUSE connection takes
// replies from any thread. Knows of a request only its `unique`.

import { EIO, ENODEV, ENOENT } from '../errno.ts';
import { fdatasync, fsync, pread, pwrite, syncfs, write } from '../sys/io.ts';
import { outHeader, writeOut } from '../wire/replies.ts';
import { Writer } from '../wire/writer.ts';
import type { ReadReplyTask, SyncKind, SyncReplyTask, WriteReplyTask } from './tasks.ts';

const HEADER = 16;
const WRITE_OUT = 8;
const USUAL = 1 << 20;

let reply = new Writer(Buffer.allocUnsafeSlow(HEADER + USUAL));

/** Reads `task.length` bytes, or to the file's end, and answers. Returns the bytes read, or the Errno that was answered. */
export function readReply(fuseFd: number, task: ReadReplyTask): number {
  const { fd, offset, length } = task;
  if (HEADER + length > reply.buf.length) reply = new Writer(Buffer.allocUnsafeSlow(HEADER + length));
  let n = 0;
  while (n < length) {
    const got = pread(fd, reply.buf, HEADER + n, length - n, offset + n);
    if (got < 0) return answer(fuseFd, task, got, 0);
    if (got === 0) break;
    n += got;
  }
  return answer(fuseFd, task, n, n);
}

/** Writes all of `task.data`, and answers. Returns the bytes written (fewer when an error came after some), or the Errno answered. */
export function writeReply(fuseFd: number, task: WriteReplyTask): number {
  const { fd, offset, data } = task;
  let n = 0;
  while (n < data.length) {
    const put = pwrite(fd, data, n, data.length - n, offset + n);
    if (put < 0 && n === 0) return answer(fuseFd, task, put, 0);
    if (put <= 0) break;
    n += put;
  }
  reply.reset(HEADER);
  writeOut(reply, n);
  return answer(fuseFd, task, n, WRITE_OUT);
}

/** Syncs and answers with an empty body. Returns 0 or the Errno that was answered. */
export function syncReply(fuseFd: number, task: SyncReplyTask): number {
  return answer(fuseFd, task, sync(task.fd, task.how), 0);
}

/** fsync, fdatasync or syncfs of a descriptor that is not O_PATH. */
export function sync(fd: number, how: SyncKind): number {
  if (how === 'syncfs') return syncfs(fd);
  return how === 'fsync' ? fsync(fd) : fdatasync(fd);
}

/** Answers a request that could not be served at all. */
export function failReply(fuseFd: number, request: { uniqueLo: number; uniqueHi: number }, err: number): void {
  answer(fuseFd, request, err, 0);
}

// Sends header and `bodyLength` bytes that follow it in the buffer. ENOENT: the request was given up; ENODEV: unmounted.
function answer(
  fuseFd: number,
  request: { uniqueLo: number; uniqueHi: number },
  result: number,
  bodyLength: number,
): number {
  const error = result < 0 ? result : 0;
  const length = HEADER + bodyLength;
  reply.reset(0);
  outHeader(reply, length, error, request.uniqueLo, request.uniqueHi);
  const sent = write(fuseFd, reply.buf, 0, length);
  if (sent >= 0 || sent === ENOENT || sent === ENODEV || error === EIO) return result;
  // A reply that the kernel refuses leaves its caller waiting for ever; an error without a body is always accepted.
  return answer(fuseFd, request, EIO, 0);
}
