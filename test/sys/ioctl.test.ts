import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { asBytes } from '../../src/bytes.ts';
import { EBADF, ENOTTY, EOPNOTSUPP, EPERM } from '../../src/errno.ts';
import { AT_FDCWD } from '../../src/sys/at.ts';
import { write } from '../../src/sys/io.ts';
import {
  FS_APPEND_FL,
  FS_IMMUTABLE_FL,
  FS_NOATIME_FL,
  FS_NODUMP_FL,
  getFlags,
  ioctl,
  setFlags,
} from '../../src/sys/ioctl.ts';
import { mknodat } from '../../src/sys/link.ts';
import { O_RDONLY, O_RDWR, close, openat } from '../../src/sys/open.ts';
import { asRoot, fails, makeFile, ok, place } from './place.ts';

const FIONREAD = 0x541b;

describe('sys/ioctl', () => {
  const here = place();

  it('reads and sets inode flags that the kernel then acts on', function () {
    makeFile(here.fd, asBytes('f'));
    const fd = ok(openat(here.fd, asBytes('f'), O_RDONLY));
    const before = getFlags(fd);
    if (before === EOPNOTSUPP || before === ENOTTY) {
      ok(close(fd));
      this.skip();
    }
    ok(setFlags(fd, ok(before) | FS_NODUMP_FL | FS_NOATIME_FL));
    assert.equal(getFlags(fd), before | FS_NODUMP_FL | FS_NOATIME_FL);
    assert.match(execFileSync('lsattr', [`${here.dir}/f`], { encoding: 'utf8' }), /^\S*d\S*A/);
    if (asRoot) {
      for (const flag of [FS_IMMUTABLE_FL, FS_APPEND_FL]) {
        ok(setFlags(fd, before | flag));
        fails(openat(here.fd, asBytes('f'), O_RDWR), EPERM);
        ok(setFlags(fd, before));
      }
    }
    ok(setFlags(fd, before));
    ok(close(fd));
  });

  it('hands a buffer to the kernel and back', () => {
    ok(mknodat(here.fd, asBytes('fifo'), 0o10600));
    const fd = ok(openat(here.fd, asBytes('fifo'), O_RDWR));
    ok(write(fd, Buffer.from('12345'), 0, 5));
    const count = Buffer.alloc(4);
    ok(ioctl(fd, FIONREAD, count));
    assert.equal(count.readInt32LE(), 5);
    ok(close(fd));
  });

  it('returns the errnos that the kernel gives', () => {
    const fd = ok(openat(AT_FDCWD, asBytes('/dev/null'), O_RDONLY));
    fails(ioctl(fd, 0x12345678, Buffer.alloc(8)), ENOTTY);
    fails(getFlags(fd), ENOTTY);
    fails(setFlags(9999, 0), EBADF);
    ok(close(fd));
  });
});
