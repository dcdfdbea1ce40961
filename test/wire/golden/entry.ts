// One object, with a different byte in every place: its attributes and its entry, as values and as the kernel wants them.

import type { StatxAttr } from '../../../src/wire/attr.ts';
import type { EntryOut } from '../../../src/wire/replies.ts';

export const attr: StatxAttr = {
  inoLo: 0x85868788 | 0,
  inoHi: 0x81828384 | 0,
  size: 0x212223242526,
  blocks: 0x313233343536,
  atime: 0x66aabbcc,
  mtime: -2,
  ctime: 0x312345678,
  btime: 0x55aabbcc,
  atimeNsec: 1,
  mtimeNsec: 999999999,
  ctimeNsec: 3,
  btimeNsec: 4,
  mode: 0o20620,
  nlink: 2,
  uid: 1000,
  gid: 0xfffffffe,
  rdevMajor: 0x123,
  rdevMinor: 0xabc45,
  devMajor: 8,
  devMinor: 17,
  blksize: 4096,
};

export const entry: EntryOut = {
  nodeid: 0x111213141516,
  generation: 7,
  entryValid: 86400,
  entryValidNsec: 500000000,
  attrValid: 3600,
  attrValidNsec: 250000000,
  attr,
};

export const attrHex = `
  88 87 86 85 84 83 82 81 // ino
  26 25 24 23 22 21 00 00 // size
  36 35 34 33 32 31 00 00 // blocks
  cc bb aa 66 00 00 00 00 // atime
  fe ff ff ff ff ff ff ff // mtime
  78 56 34 12 03 00 00 00 // ctime
  01 00 00 00 // atimensec
  ff c9 9a 3b // mtimensec
  03 00 00 00 // ctimensec
  90 21 00 00 // mode
  02 00 00 00 // nlink
  e8 03 00 00 // uid
  fe ff ff ff // gid
  45 23 c1 ab // rdev
  00 10 00 00 // blksize
  00 00 00 00 // flags
`;
export const entryHex = `
  16 15 14 13 12 11 00 00 // nodeid
  07 00 00 00 00 00 00 00 // generation
  80 51 01 00 00 00 00 00 // entry_valid
  10 0e 00 00 00 00 00 00 // attr_valid
  00 65 cd 1d // entry_valid_nsec
  80 b2 e6 0e // attr_valid_nsec
  ${attrHex}
`;
