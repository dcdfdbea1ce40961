// Golden replies: what writes them, and the frame with each field group named.

import assert from 'node:assert/strict';
import { asBytes } from '../../../src/bytes.ts';
import { initOut } from '../../../src/wire/init.ts';
import * as replies from '../../../src/wire/replies.ts';
import type { Writer } from '../../../src/wire/writer.ts';
import { attr, attrHex, entry, entryHex } from './entry.ts';

export type GoldenOut = readonly [write: (w: Writer) => void, expected: string];

const openHex = `
  16 15 14 13 12 11 00 00 // fh
  82 00 00 00 // open_flags
  fd ff ff ff // backing_id
`;
const direntHex = `
  88 87 86 85 84 83 82 81 // ino
  26 25 24 23 22 21 00 00 // off
  05 00 00 00 // namelen
  08 00 00 00 // type
  'hello' // name
  00 00 00 // padding to 8
`;

export const replyGoldens: Readonly<Record<string, GoldenOut>> = {
  outHeader: [
    (w) => {
      replies.outHeader(w, 144, -2, 0x85868788 | 0, 0x81828384 | 0);
    },
    `
      90 00 00 00 // len
      fe ff ff ff // error
      88 87 86 85 84 83 82 81 // unique
    `,
  ],
  entryOut: [
    (w) => {
      replies.entryOut(w, entry);
    },
    entryHex,
  ],
  attrOut: [
    (w) => {
      replies.attrOut(w, 3600, 250000000, attr);
    },
    `
      10 0e 00 00 00 00 00 00 // attr_valid
      80 b2 e6 0e // attr_valid_nsec
      00 00 00 00 // padding
      ${attrHex}
    `,
  ],
  statxOut: [
    (w) => {
      replies.statxOut(w, 3600, 250000000, 0xfff, attr);
    },
    `
      10 0e 00 00 00 00 00 00 // attr_valid
      80 b2 e6 0e // attr_valid_nsec
      00 00 00 00 // flags
      00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 // padding
      ff 0f 00 00 // mask
      00 10 00 00 // blksize
      00 00 00 00 00 00 00 00 // attributes
      02 00 00 00 // nlink
      e8 03 00 00 // uid
      fe ff ff ff // gid
      90 21 // mode
      00 00 // padding
      88 87 86 85 84 83 82 81 // ino
      26 25 24 23 22 21 00 00 // size
      36 35 34 33 32 31 00 00 // blocks
      00 00 00 00 00 00 00 00 // attributes_mask
      cc bb aa 66 00 00 00 00 // atime.tv_sec
      01 00 00 00 // atime.tv_nsec
      00 00 00 00 // padding
      cc bb aa 55 00 00 00 00 // btime.tv_sec
      04 00 00 00 // btime.tv_nsec
      00 00 00 00 // padding
      78 56 34 12 03 00 00 00 // ctime.tv_sec
      03 00 00 00 // ctime.tv_nsec
      00 00 00 00 // padding
      fe ff ff ff ff ff ff ff // mtime.tv_sec
      ff c9 9a 3b // mtime.tv_nsec
      00 00 00 00 // padding
      23 01 00 00 // rdev_major
      45 bc 0a 00 // rdev_minor
      08 00 00 00 // dev_major
      11 00 00 00 // dev_minor
      00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 // padding
      00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
      00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
      00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
      00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
    `,
  ],
  openOut: [
    (w) => {
      replies.openOut(w, 0x111213141516, 0x82, -3);
    },
    openHex,
  ],
  createOut: [
    (w) => {
      replies.createOut(w, entry, 0x111213141516, 0x82, -3);
    },
    entryHex + openHex,
  ],
  'openOut without a backing file': [
    (w) => {
      replies.openOut(w, 1, 2);
    },
    '01 00 00 00 00 00 00 00  02 00 00 00  00 00 00 00',
  ],
  'createOut without a backing file': [
    (w) => {
      replies.createOut(w, entry, 1, 2);
    },
    `${entryHex} 01 00 00 00 00 00 00 00  02 00 00 00  00 00 00 00`,
  ],
  'ioctlOut of a result alone': [
    (w) => {
      replies.ioctlOut(w, 7);
    },
    '07 00 00 00  00 00 00 00  00 00 00 00  00 00 00 00',
  ],
  writeOut: [
    (w) => {
      replies.writeOut(w, 0x20000);
    },
    `
      00 00 02 00 // size
      00 00 00 00 // padding
    `,
  ],
  copyFileRangeOut: [
    (w) => {
      replies.copyFileRangeOut(w, 0x212223242526);
    },
    `
      26 25 24 23 22 21 00 00 // bytes_copied
    `,
  ],
  statfsOut: [
    (w) => {
      replies.statfsOut(w, {
        blocks: 0x111213141516,
        bfree: 0x212223242526,
        bavail: 0x313233343536,
        files: 0x414243444546,
        ffree: 0x515253545556,
        bsize: 4096,
        namelen: 255,
        frsize: 1024,
      });
    },
    `
      16 15 14 13 12 11 00 00 // blocks
      26 25 24 23 22 21 00 00 // bfree
      36 35 34 33 32 31 00 00 // bavail
      46 45 44 43 42 41 00 00 // files
      56 55 54 53 52 51 00 00 // ffree
      00 10 00 00 // bsize
      ff 00 00 00 // namelen
      00 04 00 00 // frsize
      00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 // padding
      00 00 00 00
    `,
  ],
  getxattrOut: [
    (w) => {
      replies.getxattrOut(w, 0x20000);
    },
    `
      00 00 02 00 // size
      00 00 00 00 // padding
    `,
  ],
  lseekOut: [
    (w) => {
      replies.lseekOut(w, 0x212223242526);
    },
    `
      26 25 24 23 22 21 00 00 // offset
    `,
  ],
  bmapOut: [
    (w) => {
      replies.bmapOut(w, 0x212223242526);
    },
    `
      26 25 24 23 22 21 00 00 // block
    `,
  ],
  pollOut: [
    (w) => {
      replies.pollOut(w, 0x11);
    },
    `
      11 00 00 00 // revents
      00 00 00 00 // padding
    `,
  ],
  ioctlOut: [
    (w) => {
      replies.ioctlOut(w, -25, 4, 1, 2);
    },
    `
      e7 ff ff ff // result
      04 00 00 00 // flags
      01 00 00 00 // in_iovs
      02 00 00 00 // out_iovs
    `,
  ],
  'lkOut to the end of the file': [
    (w) => {
      replies.lkOut(w, { start: 0x212223242526, end: Number.MAX_SAFE_INTEGER, type: 1, pid: 4321 });
    },
    `
      26 25 24 23 22 21 00 00 // start
      ff ff ff ff ff ff ff 7f // end
      01 00 00 00 // type
      e1 10 00 00 // pid
    `,
  ],
  'lkOut of a range': [
    (w) => {
      replies.lkOut(w, { start: 5, end: 0x212223242526, type: 2, pid: 0 });
    },
    `
      05 00 00 00 00 00 00 00 // start
      26 25 24 23 22 21 00 00 // end
      02 00 00 00 // type
      00 00 00 00 // pid
    `,
  ],
  initOut: [
    (w) => {
      initOut(w, {
        major: 7,
        minor: 45,
        maxReadahead: 0x20000,
        flags: 0x40000021,
        maxBackground: 64,
        congestionThreshold: 48,
        maxWrite: 0x100000,
        timeGran: 1,
        maxPages: 256,
        mapAlignment: 12,
        flags2: 0x20,
        maxStackDepth: 1,
        requestTimeout: 0x1234,
      });
    },
    `
      07 00 00 00 // major
      2d 00 00 00 // minor
      00 00 02 00 // max_readahead
      21 00 00 40 // flags
      40 00 // max_background
      30 00 // congestion_threshold
      00 00 10 00 // max_write
      01 00 00 00 // time_gran
      00 01 // max_pages
      0c 00 // map_alignment
      20 00 00 00 // flags2
      01 00 00 00 // max_stack_depth
      34 12 // request_timeout
      00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 // padding
    `,
  ],
  dirent: [
    (w) => {
      assert.ok(replies.dirent(w, 0x85868788 | 0, 0x81828384 | 0, 0x212223242526, 8, asBytes('hello')));
    },
    direntHex,
  ],
  direntplus: [
    (w) => {
      assert.ok(replies.direntplus(w, entry, 0x85868788 | 0, 0x81828384 | 0, 0x212223242526, 8, asBytes('hello')));
    },
    entryHex + direntHex,
  ],
  'direntplus of a name alone': [
    (w) => {
      assert.ok(replies.direntplus(w, null, 0x85868788 | 0, 0x81828384 | 0, 0x212223242526, 8, asBytes('hello')));
    },
    '00'.repeat(128) + direntHex,
  ],
};
