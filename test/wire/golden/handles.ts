// Golden requests that make, use and end open handles.

import { asBytes } from '../../../src/bytes.ts';
import type { Goldens } from './golden.ts';

const open = { flags: 0x8042, openFlags: 1 };
const openBody = `
  42 80 00 00 // flags
  01 00 00 00 // open_flags
`;

const read = {
  fh: 0x111213141516,
  offset: 0x212223242526,
  size: 0x20000,
  readFlags: 2,
  lockOwnerLo: 0x85868788 | 0,
  lockOwnerHi: 0x81828384 | 0,
  flags: 0x8000,
};
const readBody = `
  16 15 14 13 12 11 00 00 // fh
  26 25 24 23 22 21 00 00 // offset
  00 00 02 00 // size
  02 00 00 00 // read_flags
  88 87 86 85 84 83 82 81 // lock_owner
  00 80 00 00 // flags
  ee ee ee ee // padding
`;

const release = {
  fh: 0x111213141516,
  flags: 0x8002,
  releaseFlags: 3,
  lockOwnerLo: 0x85868788 | 0,
  lockOwnerHi: 0x81828384 | 0,
};
const releaseBody = `
  16 15 14 13 12 11 00 00 // fh
  02 80 00 00 // flags
  03 00 00 00 // release_flags
  88 87 86 85 84 83 82 81 // lock_owner
`;

const fsync = { fh: 0x111213141516, fsyncFlags: 1 };
const fsyncBody = `
  16 15 14 13 12 11 00 00 // fh
  01 00 00 00 // fsync_flags
  ee ee ee ee // padding
`;

const create = { flags: 0x80c2, mode: 0o100640, umask: 0o77, openFlags: 1 };
const createStruct = `
  c2 80 00 00 // flags
  a0 81 00 00 // mode
  3f 00 00 00 // umask
  01 00 00 00 // open_flags
`;

export const handleGoldens: Goldens<
  | 'open'
  | 'opendir'
  | 'create'
  | 'tmpfile'
  | 'read'
  | 'readdir'
  | 'readdirplus'
  | 'write'
  | 'release'
  | 'releasedir'
  | 'flush'
  | 'fsync'
  | 'fsyncdir'
> = {
  open: [{ title: 'O_RDWR, kill suid and sgid', body: openBody, value: open }],
  opendir: [{ title: 'as OPEN', body: openBody, value: open }],
  create: [{ title: 'O_EXCL', body: `${createStruct} 'new' 00 // name`, value: { ...create, name: asBytes('new') } }],
  tmpfile: [
    {
      title: 'the kernel names it after the root',
      body: `${createStruct} '/' 00 // name`,
      value: { ...create, name: asBytes('/') },
    },
  ],
  read: [
    { title: 'over 4 GiB', body: readBody, value: read },
    {
      title: 'offset beyond 2^53 - 1',
      body: `
        01 00 00 00 00 00 00 00 // fh
        ff ff ff ff ff ff ff 7f // offset
        00 10 00 00 // size
        00 00 00 00 // read_flags
        00 00 00 00 00 00 00 00 // lock_owner
        00 00 00 00 // flags
        00 00 00 00 // padding
      `,
      value: {
        fh: 1,
        offset: Number.MAX_SAFE_INTEGER,
        size: 4096,
        readFlags: 0,
        lockOwnerLo: 0,
        lockOwnerHi: 0,
        flags: 0,
      },
    },
  ],
  readdir: [{ title: 'as READ', body: readBody, value: read }],
  readdirplus: [{ title: 'as READ', body: readBody, value: read }],
  write: [
    {
      title: 'five bytes',
      body: `
        16 15 14 13 12 11 00 00 // fh
        26 25 24 23 22 21 00 00 // offset
        05 00 00 00 // size
        07 00 00 00 // write_flags
        88 87 86 85 84 83 82 81 // lock_owner
        01 84 00 00 // flags
        ee ee ee ee // padding
        00 'abc' ff // data
      `,
      value: {
        fh: 0x111213141516,
        offset: 0x212223242526,
        size: 5,
        writeFlags: 7,
        lockOwnerLo: 0x85868788 | 0,
        lockOwnerHi: 0x81828384 | 0,
        flags: 0x8401,
        data: Buffer.from('\0abc\xff', 'latin1'),
      },
    },
  ],
  release: [{ title: 'with flush and unlock', body: releaseBody, value: release }],
  releasedir: [{ title: 'as RELEASE', body: releaseBody, value: release }],
  flush: [
    {
      title: 'with its owner',
      body: `
        16 15 14 13 12 11 00 00 // fh
        ee ee ee ee ee ee ee ee // padding
        88 87 86 85 84 83 82 81 // lock_owner
      `,
      value: { fh: 0x111213141516, lockOwnerLo: 0x85868788 | 0, lockOwnerHi: 0x81828384 | 0 },
    },
  ],
  fsync: [{ title: 'fdatasync', body: fsyncBody, value: fsync }],
  fsyncdir: [{ title: 'as FSYNC', body: fsyncBody, value: fsync }],
};
