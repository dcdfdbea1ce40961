// The constants against fuse.h of 7.45, written down a second time in the header's own order.

import assert from 'node:assert/strict';
import * as constants from '../../src/wire/constants.ts';

/** Each prefix with its names in the order of their bits, from bit 0; `-` is a bit without a name. */
const BITS: Record<string, string> = {
  FATTR: 'MODE UID GID SIZE ATIME MTIME FH ATIME_NOW MTIME_NOW LOCKOWNER CTIME KILL_SUIDGID',
  FOPEN: 'DIRECT_IO KEEP_CACHE NONSEEKABLE CACHE_DIR STREAM NOFLUSH PARALLEL_DIRECT_WRITES PASSTHROUGH',
  FUSE_RELEASE: 'FLUSH FLOCK_UNLOCK',
  FUSE_GETATTR: 'FH',
  FUSE_LK: 'FLOCK',
  FUSE_WRITE: 'CACHE LOCKOWNER KILL_SUIDGID',
  FUSE_READ: '- LOCKOWNER',
  FUSE_IOCTL: 'COMPAT UNRESTRICTED RETRY 32BIT DIR COMPAT_X32',
  FUSE_POLL: 'SCHEDULE_NOTIFY',
  FUSE_FSYNC: 'FDATASYNC',
  FUSE_ATTR: 'SUBMOUNT DAX',
  FUSE_OPEN: 'KILL_SUIDGID',
  FUSE_SETXATTR: 'ACL_KILL_SGID',
  FUSE: 'EXPIRE_ONLY',
  FUSE_SETUPMAPPING_FLAG: 'WRITE READ',
};

const NUMBERS: Record<string, number> = {
  FUSE_KERNEL_VERSION: 7,
  FUSE_KERNEL_MINOR_VERSION: 45,
  FUSE_MIN_MINOR_VERSION: 23,
  FUSE_ROOT_ID: 1,
  FUSE_INVALID_UIDGID: 2 ** 32 - 1,
  FUSE_MIN_READ_BUFFER: 8192,
  FUSE_UNIQUE_RESEND_HI: -(2 ** 31),
  FUSE_IOCTL_MAX_IOV: 256,
  FUSE_MAX_NR_SECCTX: 31,
  FUSE_EXT_GROUPS: 32,
  FUSE_NOTIFY_POLL: 1,
  FUSE_NOTIFY_INVAL_INODE: 2,
  FUSE_NOTIFY_INVAL_ENTRY: 3,
  FUSE_NOTIFY_STORE: 4,
  FUSE_NOTIFY_RETRIEVE: 5,
  FUSE_NOTIFY_DELETE: 6,
  FUSE_NOTIFY_RESEND: 7,
  FUSE_NOTIFY_INC_EPOCH: 8,
  FUSE_NOTIFY_PRUNE: 9,
};

describe('wire: constants', () => {
  it("are the header's", () => {
    const expected = new Map(Object.entries(NUMBERS));
    for (const [prefix, names] of Object.entries(BITS)) {
      names.split(' ').forEach((name, bit) => {
        if (name !== '-') expected.set(`${prefix}_${name}`, 2 ** bit);
      });
    }
    const actual = Object.entries(constants).filter(([name]) => name !== 'SIZE');
    assert.deepEqual(Object.fromEntries(actual), Object.fromEntries(expected));
  });
});
