// Golden requests of the session itself.

import type { Goldens } from './golden.ts';

const onePair = `
  16 15 14 13 12 11 00 00 // nodeid
  03 00 00 00 00 00 00 00 // nlookup
`;

export const sessionGoldens: Goldens<
  'init' | 'destroy' | 'statfs' | 'syncfs' | 'forget' | 'batchForget' | 'interrupt' | 'notifyReply'
> = {
  init: [
    {
      title: '7.45, with flags2',
      body: `
        07 00 00 00 // major
        2d 00 00 00 // minor
        00 00 02 00 // max_readahead
        fb ff ff 73 // flags
        bf 04 00 00 // flags2
        ee ee ee ee ee ee ee ee ee ee ee ee ee ee ee ee ee ee ee ee ee ee ee ee // padding
        ee ee ee ee ee ee ee ee ee ee ee ee ee ee ee ee ee ee ee ee
      `,
      value: { major: 7, minor: 45, maxReadahead: 0x20000, flags: 0x73fffffb, flags2: 0x4bf },
    },
    {
      title: '7.32, before FUSE_INIT_EXT, whose struct ends after flags',
      body: `
        07 00 00 00 // major
        20 00 00 00 // minor
        00 00 02 00 // max_readahead
        fb ff ff 03 // flags
      `,
      value: { major: 7, minor: 32, maxReadahead: 0x20000, flags: 0x03fffffb, flags2: 0 },
    },
    {
      title: 'another major version, of which nothing more is known',
      body: `
        08 00 00 00 // major
        03 00 00 00 // minor
      `,
      value: { major: 8, minor: 3, maxReadahead: 0, flags: 0, flags2: 0 },
    },
  ],
  destroy: [{ title: 'no body', body: '', value: null }],
  statfs: [{ title: 'no body', body: '', value: null }],
  syncfs: [
    {
      title: 'padding alone',
      body: `
        ee ee ee ee ee ee ee ee // padding
      `,
      value: null,
    },
  ],
  forget: [
    {
      title: 'a count over 32 bits',
      body: `
        16 15 14 13 12 11 00 00 // nlookup
      `,
      value: { nlookup: 0x111213141516 },
    },
  ],
  batchForget: [
    {
      title: 'two pairs',
      body: `
        02 00 00 00 // count
        ee ee ee ee // padding
        ${onePair}
        05 00 00 00 00 00 00 00 // nodeid
        01 00 00 00 00 00 00 00 // nlookup
      `,
      value: {
        count: 2,
        list: Buffer.from('1615141312110000' + '0300000000000000' + '0500000000000000' + '0100000000000000', 'hex'),
      },
    },
    {
      title: 'none',
      body: `00 00 00 00 // count\n ee ee ee ee // padding`,
      value: { count: 0, list: Buffer.alloc(0) },
    },
  ],
  interrupt: [
    {
      title: 'unique with all its bits',
      body: `
        88 87 86 85 84 83 82 81 // unique
      `,
      value: { uniqueLo: 0x85868788 | 0, uniqueHi: 0x81828384 | 0 },
    },
  ],
  notifyReply: [
    {
      title: 'three bytes',
      body: `
        ee ee ee ee ee ee ee ee // padding
        26 25 24 23 22 21 00 00 // offset
        03 00 00 00 // size
        ee ee ee ee ee ee ee ee ee ee ee ee ee ee ee ee ee ee ee ee // padding
        'abc' // data
      `,
      value: { offset: 0x212223242526, size: 3, data: Buffer.from('abc') },
    },
  ],
};
