// Body of the notifier's thread: takes encoded notifications and writes each to the connection, in order.
// The kernel's refusals mean nothing here: ENOENT, it never knew or has forgotten the inode or name; ENODEV, it is unmounted.

import { parentPort } from 'node:worker_threads';
import { EAGAIN } from '../errno.ts';
import { write } from '../sys/io.ts';
import type { NotifierOrder } from './notifier.ts';

const owner = parentPort;
let done = 0;
const marks: number[] = [];

// Counts wrap around at 2^32; what matters is their distance.
function tellOwner(): void {
  while (marks[0] !== undefined && ((done - marks[0]) | 0) >= 0) {
    marks.shift();
    owner?.postMessage('reached');
  }
}

function writeAll(fd: number, frames: readonly Uint8Array[]): void {
  for (const frame of frames) {
    while (write(fd, frame, 0, frame.length) === EAGAIN);
    done++;
  }
}

owner?.on('message', (order: NotifierOrder) => {
  if ('waitFor' in order) {
    marks.push(order.waitFor);
    tellOwner();
    return;
  }
  order.port.on('message', (frames: readonly Uint8Array[]) => {
    writeAll(order.fd, frames);
    tellOwner();
  });
});
owner?.postMessage('ready');
