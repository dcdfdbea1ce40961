// What a disk that may wait without end is asked, and what it answers, as plain values that travel between threads; and the calls behind it, made by the thread that waits.

import type { MessagePort } from 'node:worker_threads';
import { openToList } from '../branch/calls.ts';
import type { ByteString } from '../bytes.ts';
import { EIO } from '../errno.ts';
import type { Errno } from '../errno.ts';
import { getdents } from '../sys/dir.ts';
import { lseek } from '../sys/io.ts';
import { readlinkat } from '../sys/link.ts';
import { fstatfs } from '../sys/mount.ts';
import type { Statfs } from '../sys/mount.ts';
import { close, openat, reopen } from '../sys/open.ts';
import { newStat, statxAt, statxNow } from '../sys/stat.ts';
import type { Stat } from '../sys/stat.ts';
import { getxattr, listxattrInto } from '../sys/xattr.ts';
import { stageDirectory } from './directory-copy.ts';
import type { StagedDirectory } from './directory-copy.ts';
import type { Features } from './features.ts';

/** `fd` and `name` as in Calls. */
export type Question =
  | { readonly kind: 'stat'; readonly fd: number; readonly name: ByteString }
  | { readonly kind: 'open'; readonly fd: number; readonly name: ByteString; readonly flags: number }
  | { readonly kind: 'readlink'; readonly fd: number; readonly name: ByteString }
  | {
      readonly kind: 'getxattr';
      readonly fd: number;
      readonly name: ByteString;
      readonly attribute: ByteString;
      readonly room: number;
    }
  | { readonly kind: 'listxattr'; readonly fd: number; readonly name: ByteString; readonly room: number }
  | { readonly kind: 'list'; readonly fd: number }
  | { readonly kind: 'seek'; readonly fd: number; readonly offset: number; readonly whence: number }
  | { readonly kind: 'statfs'; readonly fd: number }
  /** Asks the server itself, whatever is known of it. */
  | { readonly kind: 'alive'; readonly fd: number }
  /** A copy of the directory `fd`, or of the mount over it as an empty one, in flash's stage. */
  | { readonly kind: 'directory'; readonly fd: number; readonly name: ByteString; readonly stageName: ByteString };

/** `n`: what the call returned, or an Errno. */
export interface Answer {
  readonly n: number;
  readonly stat?: Stat;
  readonly target?: ByteString;
  readonly bytes?: Uint8Array;
  /** Batches as getdents gives them. */
  readonly batches?: readonly Uint8Array[];
  readonly statfs?: Statfs;
  readonly staged?: StagedDirectory;
}

/** What an asker is started with. `control`: its word, and how many are ready. */
export interface AskerData {
  readonly control: Int32Array;
  readonly word: number;
  readonly port: MessagePort;
  readonly wakeFd: number;
  readonly procFd: number;
  readonly stageDirFd: number;
  readonly features: Features;
}

/** How many askers are ready; the words follow. */
export const ASKERS_READY = 0;
/** The states of an asker's word. */
export const IDLE = 0;
export const ASKED = 1;
/** Nobody waits for the answer any more: it is to be announced. */
export const LATE = 2;
export const ANSWERED = 3;
export const END = 4;

const BATCH = 32_768;

/** Makes the call. */
export function answerTo(question: Question, stageDirFd: number, features: Features): Answer {
  switch (question.kind) {
    case 'stat': {
      const stat = newStat();
      return { n: statxAt(question.fd, question.name, stat), stat };
    }
    case 'open':
      return {
        n:
          question.name === ''
            ? reopen(question.fd, question.flags)
            : openat(question.fd, question.name, question.flags),
      };
    case 'readlink': {
      const target = readlinkat(question.fd, question.name);
      return typeof target === 'number' ? { n: target } : { n: 0, target };
    }
    case 'getxattr': {
      const bytes = new Uint8Array(question.room);
      return { n: getxattr(question.fd, question.name, question.attribute, bufferOf(bytes)), bytes };
    }
    case 'listxattr': {
      const bytes = new Uint8Array(question.room);
      return { n: listxattrInto(question.fd, question.name, bufferOf(bytes)), bytes };
    }
    case 'list':
      return listingOf(question.fd);
    case 'seek':
      return { n: lseek(question.fd, question.offset, question.whence) };
    case 'statfs': {
      const statfs = fstatfs(question.fd);
      return typeof statfs === 'number' ? { n: statfs } : { n: 0, statfs };
    }
    case 'alive':
      return { n: statxNow(question.fd, newStat()) };
    case 'directory': {
      const staged = stageDirectory(question.fd, question.name, {
        stageDirFd,
        features,
        stageName: question.stageName,
      });
      return typeof staged === 'number' ? { n: staged } : { n: 0, staged };
    }
  }
}

/** Of an answer that nobody wants any more, what has to be given back. */
export function isDescriptor(question: Question, { n }: Answer): boolean {
  return question.kind === 'open' && n >= 0;
}

/** An answer in place of one that does not come. */
export const NO_ANSWER: Answer = { n: EIO satisfies Errno };

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer);
}

function listingOf(at: number): Answer {
  const fd = openToList(at);
  if (fd < 0) return { n: fd };
  const batches: Uint8Array[] = [];
  const room = Buffer.allocUnsafeSlow(BATCH);
  let n = getdents(fd, room);
  for (; n > 0; n = getdents(fd, room)) batches.push(Uint8Array.prototype.slice.call(room, 0, n));
  close(fd);
  return { n, batches };
}
