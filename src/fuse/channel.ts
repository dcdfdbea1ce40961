// A connection to the kernel as the session needs it, so that tests can be the kernel. The real one is /dev/fuse, opened
// non-blocking, beside an eventfd by which other threads wake the session. Knows no message.

import { EAGAIN } from '../errno.ts';
import { read, write } from '../sys/io.ts';
import { POLLIN, PollSet, drainEvent } from '../sys/poll.ts';

export interface Channel {
  /** Takes one request into `buf` from its first byte: its size, or an Errno (EAGAIN: none is waiting). */
  receive(buf: Buffer, room: number): number;
  /** Hands over one whole reply or notification: its size, or an Errno. */
  send(buf: Buffer, offset: number, length: number): number;
  /** Sleeps until a request comes, `wake` is called, or `ms` have passed (undefined: without end): whether it was a request, and that alone. */
  sleep(ms: number | undefined): boolean;
  /** Has the session been woken since this was last asked? */
  woken(): boolean;
}

const DEVICE = 0;
const WAKE = 1;
const NS_PER_MS = 1e6;

/** `fuseFd` is /dev/fuse opened with O_NONBLOCK, `wakeFd` an eventfd; both belong to the caller. */
export class DeviceChannel implements Channel {
  private readonly fuseFd: number;
  private readonly wakeFd: number;
  private readonly set = new PollSet(2);

  constructor(fuseFd: number, wakeFd: number) {
    this.fuseFd = fuseFd;
    this.wakeFd = wakeFd;
    this.set.watch(DEVICE, fuseFd, POLLIN);
    this.set.watch(WAKE, wakeFd, POLLIN);
  }

  receive(buf: Buffer, room: number): number {
    return read(this.fuseFd, buf, 0, room);
  }

  send(buf: Buffer, offset: number, length: number): number {
    return write(this.fuseFd, buf, offset, length);
  }

  // Early returns (a signal, EINTR) are harmless: the session looks for requests and comes back.
  sleep(ms: number | undefined): boolean {
    const ready = this.set.wait(ms === undefined ? -1 : Math.ceil(ms * NS_PER_MS));
    return ready === 1 && this.set.ready(WAKE) === 0;
  }

  woken(): boolean {
    return drainEvent(this.wakeFd) !== EAGAIN;
  }
}
