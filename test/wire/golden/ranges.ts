// Golden requests about parts of an open file.

import type { Goldens } from './golden.ts';

const lk = {
  fh: 0x111213141516,
  ownerLo: 0x85868788 | 0,
  ownerHi: 0x81828384 | 0,
  start: 0x212223242526,
  end: Number.MAX_SAFE_INTEGER,
  type: 1,
  pid: 4321,
  lkFlags: 1,
};
const lkBody = `
  16 15 14 13 12 11 00 00 // fh
  88 87 86 85 84 83 82 81 // owner
  26 25 24 23 22 21 00 00 // start
  ff ff ff ff ff ff ff 7f // end
  01 00 00 00 // type
  e1 10 00 00 // pid
  01 00 00 00 // lk_flags
  ee ee ee ee // padding
`;

const copy = {
  fhIn: 0x111213141516,
  offIn: 0x212223242526,
  nodeidOut: 0x313233343536,
  fhOut: 0x414243444546,
  offOut: 0x515253545556,
  len: 0x616263646566,
  flags: 1,
};
const copyBody = `
  16 15 14 13 12 11 00 00 // fh_in
  26 25 24 23 22 21 00 00 // off_in
  36 35 34 33 32 31 00 00 // nodeid_out
  46 45 44 43 42 41 00 00 // fh_out
  56 55 54 53 52 51 00 00 // off_out
  66 65 64 63 62 61 00 00 // len
  01 00 00 00 00 00 00 00 // flags
`;

export const rangeGoldens: Goldens<
  | 'fallocate'
  | 'lseek'
  | 'copyFileRange'
  | 'copyFileRange64'
  | 'getlk'
  | 'setlk'
  | 'setlkw'
  | 'bmap'
  | 'ioctl'
  | 'poll'
  | 'setupmapping'
  | 'removemapping'
> = {
  fallocate: [
    {
      title: 'punch a hole',
      body: `
        16 15 14 13 12 11 00 00 // fh
        26 25 24 23 22 21 00 00 // offset
        36 35 34 33 32 31 00 00 // length
        03 00 00 00 // mode
        ee ee ee ee // padding
      `,
      value: { fh: 0x111213141516, offset: 0x212223242526, length: 0x313233343536, mode: 3 },
    },
    {
      title: 'length beyond 2^53 - 1',
      body: `
        01 00 00 00 00 00 00 00 // fh
        00 10 00 00 00 00 00 00 // offset
        00 00 00 00 00 00 20 00 // length
        03 00 00 00 // mode
        00 00 00 00 // padding
      `,
      value: { fh: 1, offset: 4096, length: Number.MAX_SAFE_INTEGER, mode: 3 },
    },
  ],
  lseek: [
    {
      title: 'SEEK_HOLE',
      body: `
        16 15 14 13 12 11 00 00 // fh
        26 25 24 23 22 21 00 00 // offset
        04 00 00 00 // whence
        ee ee ee ee // padding
      `,
      value: { fh: 0x111213141516, offset: 0x212223242526, whence: 4 },
    },
    {
      title: 'a negative offset lies beyond every file',
      body: `
        01 00 00 00 00 00 00 00 // fh
        fb ff ff ff ff ff ff ff // offset
        03 00 00 00 // whence
        00 00 00 00 // padding
      `,
      value: { fh: 1, offset: Number.MAX_SAFE_INTEGER, whence: 3 },
    },
  ],
  copyFileRange: [{ title: 'everything', body: copyBody, value: copy }],
  copyFileRange64: [{ title: 'as COPY_FILE_RANGE', body: copyBody, value: copy }],
  getlk: [{ title: 'to the end of the file', body: lkBody, value: lk }],
  setlk: [{ title: 'as GETLK', body: lkBody, value: lk }],
  setlkw: [{ title: 'as GETLK', body: lkBody, value: lk }],
  bmap: [
    {
      title: 'a block',
      body: `
        26 25 24 23 22 21 00 00 // block
        00 02 00 00 // blocksize
        ee ee ee ee // padding
      `,
      value: { block: 0x212223242526, blocksize: 512 },
    },
  ],
  ioctl: [
    {
      title: 'on a directory, with input and a negative argument',
      body: `
        16 15 14 13 12 11 00 00 // fh
        18 00 00 00 // flags
        01 54 10 c0 // cmd
        fe ff ff ff ff ff ff ff // arg
        04 00 00 00 // in_size
        10 00 00 00 // out_size
        de ad be ef // data
      `,
      value: {
        fh: 0x111213141516,
        flags: 0x18,
        cmd: 0xc0105401,
        argLo: -2,
        argHi: -1,
        inSize: 4,
        outSize: 16,
        data: Buffer.from('deadbeef', 'hex'),
      },
    },
  ],
  poll: [
    {
      title: 'schedule a notification',
      body: `
        16 15 14 13 12 11 00 00 // fh
        26 25 24 23 22 21 00 00 // kh
        01 00 00 00 // flags
        19 00 00 00 // events
      `,
      value: { fh: 0x111213141516, kh: 0x212223242526, flags: 1, events: 0x19 },
    },
  ],
  setupmapping: [
    {
      title: 'read and write',
      body: `
        16 15 14 13 12 11 00 00 // fh
        26 25 24 23 22 21 00 00 // foffset
        36 35 34 33 32 31 00 00 // len
        03 00 00 00 00 00 00 00 // flags
        46 45 44 43 42 41 00 00 // moffset
      `,
      value: { fh: 0x111213141516, foffset: 0x212223242526, len: 0x313233343536, flags: 3, moffset: 0x414243444546 },
    },
  ],
  removemapping: [
    {
      title: 'two',
      body: `
        02 00 00 00 // count
        26 25 24 23 22 21 00 00 // moffset
        36 35 34 33 32 31 00 00 // len
        00 10 00 00 00 00 00 00 // moffset
        00 20 00 00 00 00 00 00 // len
      `,
      value: {
        mappings: [
          { moffset: 0x212223242526, len: 0x313233343536 },
          { moffset: 0x1000, len: 0x2000 },
        ],
      },
    },
  ],
};
