// A kernel for tests of the session: hands over scripted requests, keeps what is sent back. Frames are built and read with Buffer's
// own methods, not with src/wire, so that a mistake there cannot hide itself.

import type { Channel } from '../../src/fuse/channel.ts';
import { EAGAIN, ENODEV } from '../../src/errno.ts';

export interface Sent {
  readonly error: number;
  readonly unique: bigint;
  readonly body: Buffer;
}

/** A request to be handed over, an errno to be returned by receiving, or something to be done in between. */
export type Step = Buffer | number | (() => void);

export interface From {
  readonly unique?: bigint;
  readonly nodeid?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly pid?: number;
}

/** A whole request. */
export function request(opcode: number, body: Uint8Array = Buffer.alloc(0), from: From = {}): Buffer {
  const header = Buffer.alloc(40);
  header.writeUInt32LE(40 + body.length, 0);
  header.writeUInt32LE(opcode, 4);
  header.writeBigUInt64LE(from.unique ?? 2n, 8);
  header.writeBigUInt64LE(BigInt(from.nodeid ?? 1), 16);
  header.writeUInt32LE(from.uid ?? 1000, 24);
  header.writeUInt32LE(from.gid ?? 1000, 28);
  header.writeUInt32LE(from.pid ?? 42, 32);
  return Buffer.concat([header, body]);
}

/** Body of INIT; `flags2` counts only with FUSE_INIT_EXT (bit 30) in `flags`. */
export function initBody(major: number, minor: number, flags: number, flags2 = 0): Buffer {
  const body = Buffer.alloc(64);
  [major, minor, 131072, flags, flags2].forEach((word, i) => body.writeUInt32LE(word >>> 0, i * 4));
  return body;
}

/** A name as it ends a body. */
export function name(text: string): Buffer {
  return Buffer.from(`${text}\0`, 'latin1');
}

/** Body of INTERRUPT. */
export function interruptBody(unique: bigint): Buffer {
  const body = Buffer.alloc(8);
  body.writeBigUInt64LE(unique);
  return body;
}

export class FakeKernel implements Channel {
  readonly sent: Sent[] = [];
  /** What each sleep was limited to, in ms. */
  readonly slept: (number | undefined)[] = [];
  wake = false;
  /** What sending returns, when not the size. */
  refusal: number | undefined;
  private readonly script: Step[];

  /** When the script is at its end, the mount is gone. */
  constructor(...script: Step[]) {
    this.script = script;
  }

  receive(buf: Buffer, room: number): number {
    for (;;) {
      const step = this.script.shift() ?? ENODEV;
      if (typeof step === 'number') return step;
      if (typeof step === 'function') {
        step();
        continue;
      }
      if (step.length > room) throw new Error('the buffer is too small');
      step.copy(buf);
      return step.length;
    }
  }

  send(buf: Buffer, offset: number, length: number): number {
    const frame = Buffer.from(buf.subarray(offset, offset + length));
    if (frame.readUInt32LE(0) !== length) throw new Error('a frame that lies about its length');
    this.sent.push({ error: frame.readInt32LE(4), unique: frame.readBigUInt64LE(8), body: frame.subarray(16) });
    return this.refusal ?? length;
  }

  sleep(ms: number | undefined): boolean {
    this.slept.push(ms);
    return !this.wake;
  }

  woken(): boolean {
    const { wake } = this;
    this.wake = false;
    return wake;
  }
}

/** Nothing is waiting, now. */
export const NOTHING = EAGAIN;
