// Golden notifications: whole frames, in which the header's error is the code and its unique is 0.

import { asBytes } from '../../../src/bytes.ts';
import { FUSE_EXPIRE_ONLY } from '../../../src/wire/constants.ts';
import * as notify from '../../../src/wire/notify.ts';
import type { GoldenOut } from './replies.ts';

export const notificationGoldens: Readonly<Record<string, GoldenOut>> = {
  notifyPoll: [
    (w) => {
      notify.notifyPoll(w, 0x212223242526);
    },
    `
      18 00 00 00 01 00 00 00 00 00 00 00 00 00 00 00 // len, code, unique
      26 25 24 23 22 21 00 00 // kh
    `,
  ],
  notifyInvalInode: [
    (w) => {
      notify.notifyInvalInode(w, 0x111213141516, -1, 0);
    },
    `
      28 00 00 00 02 00 00 00 00 00 00 00 00 00 00 00 // len, code, unique
      16 15 14 13 12 11 00 00 // ino
      ff ff ff ff ff ff ff ff // off
      00 00 00 00 00 00 00 00 // len
    `,
  ],
  notifyInvalEntry: [
    (w) => {
      notify.notifyInvalEntry(w, 0x111213141516, asBytes('hello'), FUSE_EXPIRE_ONLY);
    },
    `
      26 00 00 00 03 00 00 00 00 00 00 00 00 00 00 00 // len, code, unique
      16 15 14 13 12 11 00 00 // parent
      05 00 00 00 // namelen
      01 00 00 00 // flags
      'hello' 00 // name
    `,
  ],
  notifyDelete: [
    (w) => {
      notify.notifyDelete(w, 0x111213141516, 0x212223242526, asBytes('hello'));
    },
    `
      2e 00 00 00 06 00 00 00 00 00 00 00 00 00 00 00 // len, code, unique
      16 15 14 13 12 11 00 00 // parent
      26 25 24 23 22 21 00 00 // child
      05 00 00 00 // namelen
      00 00 00 00 // padding
      'hello' 00 // name
    `,
  ],
  notifyStore: [
    (w) => {
      const at = notify.notifyStore(w, 0x111213141516, 0x212223242526, 3);
      w.buf.set([0, 1, 255], at);
    },
    `
      2b 00 00 00 04 00 00 00 00 00 00 00 00 00 00 00 // len, code, unique
      16 15 14 13 12 11 00 00 // nodeid
      26 25 24 23 22 21 00 00 // offset
      03 00 00 00 // size
      00 00 00 00 // padding
      00 01 ff // data
    `,
  ],
  notifyRetrieve: [
    (w) => {
      notify.notifyRetrieve(w, 0x85868788 | 0, 0x81828384 | 0, 0x111213141516, 0x212223242526, 4096);
    },
    `
      30 00 00 00 05 00 00 00 00 00 00 00 00 00 00 00 // len, code, unique
      88 87 86 85 84 83 82 81 // notify_unique
      16 15 14 13 12 11 00 00 // nodeid
      26 25 24 23 22 21 00 00 // offset
      00 10 00 00 // size
      00 00 00 00 // padding
    `,
  ],
  notifyResend: [
    (w) => {
      notify.notifyResend(w);
    },
    '10 00 00 00 07 00 00 00 00 00 00 00 00 00 00 00',
  ],
  notifyIncEpoch: [
    (w) => {
      notify.notifyIncEpoch(w);
    },
    '10 00 00 00 08 00 00 00 00 00 00 00 00 00 00 00',
  ],
  notifyPrune: [
    (w) => {
      notify.notifyPrune(w, [2, 0x111213141516]);
    },
    `
      30 00 00 00 09 00 00 00 00 00 00 00 00 00 00 00 // len, code, unique
      02 00 00 00 // count
      00 00 00 00 00 00 00 00 00 00 00 00 // padding
      02 00 00 00 00 00 00 00 // nodeids[0]
      16 15 14 13 12 11 00 00 // nodeids[1]
    `,
  ],
};
