import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { asBytes } from '../../src/bytes.ts';
import { EAGAIN, EBADF, EINVAL, EISDIR, ENXIO, EOPNOTSUPP, EXDEV, ENOTTY } from '../../src/errno.ts';
import { ftruncate } from '../../src/sys/attr.ts';
import {
  FALLOC_FL_COLLAPSE_RANGE,
  FALLOC_FL_INSERT_RANGE,
  FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_PUNCH_HOLE,
  FALLOC_FL_ZERO_RANGE,
  POSIX_FADV_DONTNEED,
  POSIX_FADV_SEQUENTIAL,
  POSIX_FADV_WILLNEED,
  SEEK_CUR,
  SEEK_DATA,
  SEEK_END,
  SEEK_HOLE,
  SEEK_SET,
  SYNC_FILE_RANGE_WAIT_AFTER,
  SYNC_FILE_RANGE_WAIT_BEFORE,
  SYNC_FILE_RANGE_WRITE,
  copyFileRange,
  fadvise,
  fallocate,
  fdatasync,
  ficlone,
  fsync,
  lseek,
  pread,
  preadNowait,
  pwrite,
  read,
  sendfile,
  syncFileRange,
  syncfs,
  write,
} from '../../src/sys/io.ts';
import { fstatfs } from '../../src/sys/mount.ts';
import { O_APPEND, O_CREAT, O_RDONLY, O_RDWR, O_WRONLY, close, memfd, openat } from '../../src/sys/open.ts';
import { eventfd } from '../../src/sys/poll.ts';
import { fails, got, makeFile, ok, place } from './place.ts';

const TMPFS_MAGIC = 0x01021994;

describe('sys/io', () => {
  let fd = -1;

  // Before `place`, whose own hook finds what is still open.
  afterEach(() => {
    ok(close(fd));
  });
  const here = place();
  beforeEach(() => {
    fd = ok(openat(here.fd, asBytes('f'), O_CREAT | O_RDWR, 0o600));
  });

  // It has no RWF_NOWAIT.
  const onTmpfs = () => got(fstatfs(fd)).type === TMPFS_MAGIC;

  it('reads and writes the bytes asked for and no others', () => {
    const out = Buffer.from('0123456789');
    assert.equal(write(fd, out, 2, 5), 5);
    assert.equal(pwrite(fd, out, 9, 1, 1), 1);
    assert.equal(readFileSync(`${here.dir}/f`, 'utf8'), '29456');
    const into = Buffer.alloc(10, '-');
    assert.equal(pread(fd, into, 3, 4, 1), 4);
    assert.equal(into.toString(), '---9456---');
    assert.equal(lseek(fd, 1, SEEK_SET), 1);
    assert.equal(read(fd, into, 0, 2), 2);
    assert.equal(into.toString(), '94-9456---');
    assert.equal(read(fd, into, 0, 10), 2);
    assert.equal(read(fd, into, 0, 10), 0);
    assert.equal(pread(fd, into, 0, 10, 100), 0);
  });

  it('reads and writes beyond 4 GiB and at 1 TiB: offsets cut to 32 bits would land in the first block', () => {
    const byte = Buffer.from('x');
    const into = Buffer.alloc(4);
    for (const position of [2 ** 31, 2 ** 32 + 3, 2 ** 40 + 1]) {
      assert.equal(pwrite(fd, byte, 0, 1, position), 1);
      assert.equal(pread(fd, into, 0, 4, position), 1);
      assert.equal(statSync(`${here.dir}/f`).size, position + 1);
      assert.equal(preadNowait(fd, into, 0, 4, position), onTmpfs() ? EAGAIN : 1);
      assert.equal(lseek(fd, 0, SEEK_END), position + 1);
      assert.equal(lseek(fd, -1, SEEK_CUR), position);
    }
    assert.equal(pread(fd, into, 0, 4, 0), 4);
    assert.deepEqual(into, Buffer.alloc(4));
  });

  it('takes memory shared between threads, and small arrays of its own', () => {
    const shared = new Uint8Array(new SharedArrayBuffer(64));
    shared.set([1, 2, 3], 10);
    assert.equal(write(fd, shared, 10, 3), 3);
    assert.equal(pread(fd, shared, 40, 3, 0), 3);
    assert.deepEqual([...shared.subarray(40, 43)], [1, 2, 3]);
    const small = new Uint8Array(3);
    assert.equal(pread(fd, small, 0, 3, 0), 3);
    assert.deepEqual([...small], [1, 2, 3]);
  });

  it('finds data and holes', () => {
    ok(ftruncate(fd, 2 ** 40));
    assert.equal(pwrite(fd, Buffer.alloc(4096, 1), 0, 4096, 2 ** 33), 4096);
    assert.equal(lseek(fd, 0, SEEK_DATA), 2 ** 33);
    assert.equal(lseek(fd, 2 ** 33, SEEK_HOLE), 2 ** 33 + 4096);
    fails(lseek(fd, 2 ** 33 + 4096, SEEK_DATA), ENXIO);
    fails(lseek(fd, 2 ** 41, SEEK_HOLE), ENXIO);
    fails(lseek(fd, -1, SEEK_SET), EINVAL);
  });

  it('allocates and frees ranges', function () {
    const block = 65536;
    if (fallocate(fd, 0, 0, 4 * block) === EOPNOTSUPP) this.skip();
    assert.equal(statSync(`${here.dir}/f`).size, 4 * block);
    ok(fallocate(fd, FALLOC_FL_KEEP_SIZE, 2 ** 33, block));
    assert.equal(statSync(`${here.dir}/f`).size, 4 * block);
    const full = Buffer.alloc(4 * block, 1);
    assert.equal(pwrite(fd, full, 0, full.length, 0), full.length);
    ok(fallocate(fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, block, block));
    assert.equal(lseek(fd, 0, SEEK_HOLE), block);
    assert.equal(lseek(fd, block, SEEK_DATA), 2 * block);
    fails(fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, block), EOPNOTSUPP);
    fails(fallocate(fd, 0, 0, 0), EINVAL);
    for (const mode of [FALLOC_FL_ZERO_RANGE, FALLOC_FL_COLLAPSE_RANGE, FALLOC_FL_INSERT_RANGE]) {
      const done = fallocate(fd, mode, 0, block);
      if (done !== 0) fails(done, EOPNOTSUPP);
    }
  });

  it('copies from offset to offset within the kernel, and leaves both positions alone', () => {
    makeFile(here.fd, asBytes('source'), 'abcdefghij');
    const source = ok(openat(here.fd, asBytes('source'), O_RDONLY));
    const copied = copyFileRange(source, 2, fd, 2 ** 33 + 1, 5);
    assert.equal(copied, 5);
    const into = Buffer.alloc(8);
    assert.equal(pread(fd, into, 0, 8, 2 ** 33 + 1), 5);
    assert.equal(into.toString('latin1', 0, 5), 'cdefg');
    assert.deepEqual([lseek(source, 0, SEEK_CUR), lseek(fd, 0, SEEK_CUR)], [0, 0]);
    assert.equal(copyFileRange(source, 8, fd, 0, 100), 2);
    assert.equal(copyFileRange(source, 10, fd, 0, 100), 0);
    fails(copyFileRange(9999, 0, fd, 0, 1), EBADF);
    ok(close(source));
  });

  it('copies between filesystems where copy_file_range may not', () => {
    assert.equal(write(fd, Buffer.from('abcdefghij'), 0, 10), 10);
    const other = ok(memfd(asBytes('other')));
    const direct = copyFileRange(fd, 0, other, 0, 10);
    if (direct < 0) fails(direct, EXDEV);
    ok(ftruncate(other, 0));
    assert.equal(sendfile(other, fd, 3, 100), 7);
    assert.equal(sendfile(other, fd, 0, 2), 2);
    const into = Buffer.alloc(16);
    assert.equal(pread(other, into, 0, 16, 0), 9);
    assert.equal(into.toString('latin1', 0, 9), 'defghijab');
    assert.equal(lseek(fd, 0, SEEK_CUR), 10);
    ok(close(other));
  });

  it('shares blocks where the filesystem can', () => {
    makeFile(here.fd, asBytes('source'), 'abc');
    const source = ok(openat(here.fd, asBytes('source'), O_RDONLY));
    const done = ficlone(fd, source);
    if (done === 0) assert.equal(readFileSync(`${here.dir}/f`, 'utf8'), 'abc');
    else assert.ok([EOPNOTSUPP, ENOTTY, EINVAL].includes(done as never));
    fails(ficlone(fd, 9999), EBADF);
    ok(close(source));
  });

  it('reads only what is cached, when asked to: a slow disk must not hold up the thread', function () {
    writeFileSync(`${here.dir}/f`, Buffer.alloc(1 << 20, 7));
    const into = Buffer.alloc(8192);
    if (onTmpfs()) {
      fails(preadNowait(fd, into, 0, 4096, 0), EAGAIN);
      this.skip();
    }
    assert.equal(preadNowait(fd, into, 4096, 4096, 8192), 4096);
    assert.equal(into[4095], 0);
    assert.equal(into[4096], 7);
    assert.equal(preadNowait(fd, into, 0, 4096, 1 << 20), 0);
    // Pages that the kernel has in hand just then stay: it is asked until they are gone.
    let answer: number;
    let tries = 0;
    do {
      ok(fsync(fd));
      ok(fadvise(fd, 0, 0, POSIX_FADV_DONTNEED));
      answer = preadNowait(fd, into, 0, 4096, 0);
    } while (answer === 4096 && ++tries < 1000);
    fails(answer, EAGAIN);
    assert.equal(pread(fd, into, 0, 4096, 0), 4096);
    assert.equal(preadNowait(fd, into, 0, 4096, 0), 4096);
    fails(preadNowait(9999, into, 0, 1, 0), EBADF);
  });

  it('syncs files, directories and filesystems', () => {
    assert.equal(fsync(fd), 0);
    assert.equal(fdatasync(fd), 0);
    assert.equal(fsync(here.fd), 0);
    assert.equal(syncfs(here.fd), 0);
    assert.equal(
      syncFileRange(fd, 0, 0, SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER),
      0,
    );
    for (const sync of [fsync, fdatasync, syncfs]) fails(sync(9999), EBADF);
    fails(syncFileRange(9999, 0, 0, 0), EBADF);
  });

  it('returns errnos from calls that give them in another way', () => {
    assert.equal(fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL), 0);
    assert.equal(fadvise(fd, 0, 4096, POSIX_FADV_WILLNEED), 0);
    fails(fadvise(9999, 0, 0, POSIX_FADV_WILLNEED), EBADF);
    fails(fadvise(fd, 0, 0, 99), EINVAL);
  });

  it('appends whatever the position, and returns the errnos that the kernel gives', () => {
    const append = ok(openat(here.fd, asBytes('f'), O_WRONLY | O_APPEND));
    const bytes = Buffer.from('ab');
    assert.equal(pwrite(append, bytes, 0, 1, 0), 1);
    assert.equal(pwrite(append, bytes, 1, 1, 0), 1);
    assert.equal(readFileSync(`${here.dir}/f`, 'utf8'), 'ab');
    fails(pread(append, bytes, 0, 2, 0), EBADF);
    fails(read(here.fd, bytes, 0, 2), EISDIR);
    fails(pread(fd, bytes, 0, 2, -1), EINVAL);
    fails(write(9999, bytes, 0, 2), EBADF);
    const idle = ok(eventfd());
    fails(read(idle, Buffer.alloc(8), 0, 8), EAGAIN);
    ok(close(idle));
    ok(close(append));
  });
});
