// Files of /proc through a descriptor of it: after the root has changed, the daemon has no path to one.

import type { ByteString } from '../bytes.ts';
import { pread } from '../sys/io.ts';
import { close, O_RDONLY, openat } from '../sys/open.ts';

const CHUNK = 65536;

/** The text of a file of /proc; what could be read of it. */
export function readProc(procFd: number, name: ByteString): string {
  const fd = openat(procFd, name, O_RDONLY);
  if (fd < 0) return '';
  const chunk = Buffer.allocUnsafe(CHUNK);
  let text = '';
  for (let n = pread(fd, chunk, 0, CHUNK, 0); n > 0; n = pread(fd, chunk, 0, CHUNK, text.length)) {
    text += chunk.toString('latin1', 0, n);
  }
  close(fd);
  return text;
}
