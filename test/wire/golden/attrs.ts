// Golden requests about attributes, extended attributes and access.

import { asBytes } from '../../../src/bytes.ts';
import type { Golden, Goldens } from './golden.ts';

export const attrGoldens: Goldens<
  'getattr' | 'setattr' | 'statx' | 'access' | 'setxattr' | 'getxattr' | 'listxattr' | 'removexattr' | 'readlink'
> = {
  readlink: [{ title: 'no body', body: '', value: null }],
  getattr: [
    {
      title: 'by handle',
      body: `
        01 00 00 00 // getattr_flags
        ee ee ee ee // padding
        16 15 14 13 12 11 00 00 // fh
      `,
      value: { getattrFlags: 1, fh: 0x111213141516 },
    },
  ],
  setattr: [
    {
      title: 'everything, a time before 1970, one after 2038',
      body: `
        ff 05 00 00 // valid
        ee ee ee ee // padding
        16 15 14 13 12 11 00 00 // fh
        26 25 24 23 22 21 00 00 // size
        88 87 86 85 84 83 82 81 // lock_owner
        cc bb aa 66 00 00 00 00 // atime
        fe ff ff ff ff ff ff ff // mtime
        78 56 34 12 03 00 00 00 // ctime
        01 00 00 00 // atimensec
        ff c9 9a 3b // mtimensec
        03 00 00 00 // ctimensec
        a4 81 00 00 // mode
        ee ee ee ee // padding
        e8 03 00 00 // uid
        fe ff ff ff // gid
        ee ee ee ee // padding
      `,
      value: {
        valid: 0x5ff,
        fh: 0x111213141516,
        size: 0x212223242526,
        lockOwnerLo: 0x85868788 | 0,
        lockOwnerHi: 0x81828384 | 0,
        atime: 0x66aabbcc,
        mtime: -2,
        ctime: 0x312345678,
        atimeNsec: 1,
        mtimeNsec: 999999999,
        ctimeNsec: 3,
        mode: 0o100644,
        uid: 1000,
        gid: 0xfffffffe,
      },
    },
    {
      title: 'times at the ends of 64 bits are clamped, the largest size is exact',
      body: `
        70 00 00 00 // valid
        00 00 00 00 // padding
        00 00 00 00 00 00 00 00 // fh
        ff ff ff ff ff ff 1f 00 // size
        00 00 00 00 00 00 00 00 // lock_owner
        ff ff ff ff ff ff ff 7f // atime
        00 00 00 00 00 00 00 80 // mtime
        01 00 00 00 00 00 e0 ff // ctime
        00 00 00 00 // atimensec
        00 00 00 00 // mtimensec
        00 00 00 00 // ctimensec
        00 00 00 00 // mode
        00 00 00 00 // padding
        00 00 00 00 // uid
        00 00 00 00 // gid
        00 00 00 00 // padding
      `,
      value: {
        valid: 0x70,
        fh: 0,
        size: 2 ** 53 - 1,
        lockOwnerLo: 0,
        lockOwnerHi: 0,
        atime: 2 ** 53 - 1,
        mtime: 1 - 2 ** 53,
        ctime: 1 - 2 ** 53,
        atimeNsec: 0,
        mtimeNsec: 0,
        ctimeNsec: 0,
        mode: 0,
        uid: 0,
        gid: 0,
      },
    },
  ],
  statx: [
    {
      title: 'by handle',
      body: `
        01 00 00 00 // getattr_flags
        ee ee ee ee // padding
        16 15 14 13 12 11 00 00 // fh
        00 01 00 00 // sx_flags
        ff 0f 00 00 // sx_mask
      `,
      value: { getattrFlags: 1, fh: 0x111213141516, sxFlags: 0x100, sxMask: 0xfff },
    },
  ],
  access: [
    {
      title: 'R_OK | W_OK',
      body: `
        06 00 00 00 // mask
        ee ee ee ee // padding
      `,
      value: { mask: 6 },
    },
  ],
  setxattr: [
    {
      title: 'short form, value with NULs',
      body: `
        03 00 00 00 // size
        02 00 00 00 // flags
        'user.x' 00 // name
        00 01 00 // value
      `,
      value: { size: 3, flags: 2, setxattrFlags: 0, name: asBytes('user.x'), value: Buffer.from([0, 1, 0]) },
    },
    {
      title: 'short form, empty value',
      body: `
        00 00 00 00 // size
        00 00 00 00 // flags
        'user.x' 00 // name
      `,
      value: { size: 0, flags: 0, setxattrFlags: 0, name: asBytes('user.x'), value: Buffer.alloc(0) },
    },
  ],
  getxattr: [
    {
      title: 'with room',
      body: `
        00 00 01 00 // size
        ee ee ee ee // padding
        'security.capability' 00 // name
      `,
      value: { size: 0x10000, name: asBytes('security.capability') },
    },
  ],
  listxattr: [
    {
      title: 'with room',
      body: `
        00 00 01 00 // size
        ee ee ee ee // padding
      `,
      value: { size: 0x10000 },
    },
  ],
  removexattr: [{ title: 'a name', body: `'user.x' 00 // name`, value: { name: asBytes('user.x') } }],
};

/** SETXATTR as it comes after FUSE_SETXATTR_EXT was negotiated. */
export const setxattrExtGolden: Golden<'setxattr'> = {
  title: 'long form',
  body: `
    03 00 00 00 // size
    02 00 00 00 // flags
    01 00 00 00 // setxattr_flags
    ee ee ee ee // padding
    'system.posix_acl_access' 00 // name
    02 00 ff // value
  `,
  value: {
    size: 3,
    flags: 2,
    setxattrFlags: 1,
    name: asBytes('system.posix_acl_access'),
    value: Buffer.from([2, 0, 255]),
  },
};
