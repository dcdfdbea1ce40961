// Notifications: what the session tells the kernel unasked. They are encoded here and written by another thread (notifier.ts):
// the kernel takes the directory's lock (INVAL_ENTRY, DELETE) or waits for pages (INVAL_INODE) before its write(2) returns, and
// whoever holds those may be waiting for an answer of this very session, deferred or not yet received.
// What is notified within a request or a hook is kept until the loop is between requests again.

import type { ByteString } from '../bytes.ts';
import { FUSE_EXPIRE_ONLY } from '../wire/constants.ts';
import * as wire from '../wire/notify.ts';
import { Writer } from '../wire/writer.ts';
import type { Channel } from './channel.ts';

/** Takes whole notifications, in order, to be written by a thread that is not the session's. */
export interface NotificationSink {
  /** Keeps a frame until `flush`. */
  add(frame: Uint8Array): void;
  /** Sends off what was kept. */
  flush(): void;
}

const ROOM = 8192;

export class Notify {
  private readonly channel: Channel;
  private readonly sink: NotificationSink | undefined;
  private readonly writer = new Writer(Buffer.alloc(ROOM));

  constructor(channel: Channel, sink: NotificationSink | undefined) {
    this.channel = channel;
    this.sink = sink;
  }

  /** Drops an inode's attributes and ACLs; with `off` >= 0 its data (a symlink's target) from there over `len` bytes, 0: to the end. */
  invalInode(nodeid: number, off: number, len: number): void {
    this.start();
    wire.notifyInvalInode(this.writer, nodeid, off, len);
    this.queue();
  }

  /** Drops a name and detaches what is mounted below it. */
  invalEntry(parent: number, name: ByteString): void {
    this.start();
    wire.notifyInvalEntry(this.writer, parent, name, 0);
    this.queue();
  }

  /** Has a name looked up again at its next use. Needs Negotiated.expireOnly: an older kernel would invalidate it. */
  expireEntry(parent: number, name: ByteString): void {
    this.start();
    wire.notifyInvalEntry(this.writer, parent, name, FUSE_EXPIRE_ONLY);
    this.queue();
  }

  /** Says that a name of `child` is gone; watchers of the directory see it. */
  deleted(parent: number, child: number, name: ByteString): void {
    this.start();
    wire.notifyDelete(this.writer, parent, child, name);
    this.queue();
  }

  /**
   * Has every name dropped at its next use, and what is mounted on or below it detached (seen on Linux 6.18). Takes no lock, so it is done when this returns: >= 0, or an Errno (EINVAL: the
   * kernel, older than Linux 6.16, does not know it).
   */
  incEpoch(): number {
    this.start();
    wire.notifyIncEpoch(this.writer);
    return this.channel.send(this.writer.buf, 0, this.writer.pos);
  }

  /** Has all unanswered requests sent again; for a session that has taken over a connection. Takes no lock. */
  resend(): number {
    this.start();
    wire.notifyResend(this.writer);
    return this.channel.send(this.writer.buf, 0, this.writer.pos);
  }

  /** Hands over what was notified; for the loop, between requests. */
  flush(): void {
    this.sink?.flush();
  }

  private start(): void {
    this.writer.reset(0);
  }

  private queue(): void {
    if (this.sink === undefined) throw new Error('this session was given no notifier');
    this.sink.add(Uint8Array.prototype.slice.call(this.writer.buf, 0, this.writer.pos));
  }
}
