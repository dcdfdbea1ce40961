import assert from 'node:assert/strict';
import { lstatSync, symlinkSync } from 'node:fs';
import { asBytes } from '../../src/bytes.ts';
import { EBADF, EINVAL, EISDIR, ENOENT, EOPNOTSUPP } from '../../src/errno.ts';
import {
  KEEP_ID,
  UTIME_NOW,
  UTIME_OMIT,
  chmodAt,
  chownAt,
  fchmod,
  ftruncate,
  futimens,
  truncateFd,
  utimensAt,
} from '../../src/sys/attr.ts';
import { mkdirat, mknodat } from '../../src/sys/link.ts';
import { O_PATH, O_RDONLY, O_RDWR, close, openat } from '../../src/sys/open.ts';
import { newStat, statxAt } from '../../src/sys/stat.ts';
import { asRoot, fails, makeFile, oddNames, ok, place } from './place.ts';

const empty = asBytes('');

describe('sys/attr', () => {
  const here = place();
  const st = newStat();
  const stat = (name: string) => {
    ok(statxAt(here.fd, asBytes(name), st));
    return st;
  };

  it('sets all twelve mode bits, by name, by descriptor and by O_PATH descriptor', () => {
    for (const name of oddNames) {
      makeFile(here.fd, name);
      ok(chmodAt(here.fd, name, 0o7751));
      assert.equal(stat(name).mode, 0o107751);
    }
    const path = ok(openat(here.fd, asBytes('plain'), O_PATH));
    ok(chmodAt(path, empty, 0o4705));
    assert.equal(stat('plain').mode, 0o104705);
    const fd = ok(openat(here.fd, asBytes('plain'), O_RDONLY));
    ok(fchmod(fd, 0o640));
    assert.equal(stat('plain').mode, 0o100640);
    fails(fchmod(path, 0o600), EBADF);
    ok(close(path));
    ok(close(fd));
  });

  it("never changes a symlink's target", () => {
    makeFile(here.fd, asBytes('file'));
    symlinkSync('file', `${here.dir}/link`);
    ok(chmodAt(here.fd, asBytes('file'), 0o600));
    ok(utimensAt(here.fd, asBytes('file'), 1, 2, 3, 4));
    fails(chmodAt(here.fd, asBytes('link'), 0o777), EOPNOTSUPP);
    ok(utimensAt(here.fd, asBytes('link'), 11, 12, 13, 14));
    const link = ok(openat(here.fd, asBytes('link'), O_PATH));
    fails(chmodAt(link, empty, 0o777), EOPNOTSUPP);
    assert.deepEqual([stat('link').atimeNsec, st.mtime, st.mtimeNsec], [12, 13, 14]);
    ok(utimensAt(link, empty, 21, 22, 23, 24));
    assert.deepEqual([stat('link').atimeNsec, st.mtime, st.mtimeNsec], [22, 23, 24]);
    if (asRoot) {
      ok(chownAt(here.fd, asBytes('link'), 1001, 1002));
      assert.deepEqual([stat('link').uid, st.gid], [1001, 1002]);
      ok(chownAt(link, empty, 1003, 1004));
      assert.deepEqual([stat('link').uid, st.gid], [1003, 1004]);
    }
    assert.deepEqual(
      [stat('file').mode, st.uid, st.gid, st.atime, st.mtimeNsec],
      [0o100600, process.getuid?.(), process.getgid?.(), 1, 4],
    );
    ok(close(link));
  });

  it('sets owner and group each alone, and ids beyond 31 bits', function () {
    if (!asRoot) this.skip();
    makeFile(here.fd, asBytes('f'));
    ok(chownAt(here.fd, asBytes('f'), 4294967294, 7));
    ok(chownAt(here.fd, asBytes('f'), KEEP_ID, 3000000000));
    assert.deepEqual([stat('f').uid, st.gid], [4294967294, 3000000000]);
    ok(chownAt(here.fd, asBytes('f'), 5, -1));
    assert.deepEqual([stat('f').uid, st.gid], [5, 3000000000]);
    const fd = ok(openat(here.fd, asBytes('f'), O_PATH));
    ok(chownAt(fd, empty, 6, 8));
    assert.deepEqual([stat('f').uid, st.gid], [6, 8]);
    ok(close(fd));
  });

  it('sets times to the nanosecond, before 1970 too, and leaves alone or takes the present where asked', () => {
    makeFile(here.fd, asBytes('f'));
    const fd = ok(openat(here.fd, asBytes('f'), O_RDWR));
    const path = ok(openat(here.fd, asBytes('f'), O_PATH));
    const times = () => [stat('f').atime, st.atimeNsec, st.mtime, st.mtimeNsec];
    const ways = [
      (...t: [number, number, number, number]) => utimensAt(here.fd, asBytes('f'), ...t),
      (...t: [number, number, number, number]) => utimensAt(path, empty, ...t),
      (...t: [number, number, number, number]) => futimens(fd, ...t),
    ];
    for (const set of ways) {
      ok(set(-1_000_000_000, 999_999_999, -1, 1));
      assert.deepEqual(times(), [-1_000_000_000, 999_999_999, -1, 1]);
      ok(set(0, UTIME_OMIT, 5, 6));
      assert.deepEqual(times(), [-1_000_000_000, 999_999_999, 5, 6]);
      ok(set(7, 8, 0, UTIME_OMIT));
      assert.deepEqual(times(), [7, 8, 5, 6]);
      const before = Math.floor(Date.now() / 1000);
      ok(set(0, UTIME_OMIT, 0, UTIME_NOW));
      assert.ok(times()[2]! >= before - 1);
      assert.equal(st.atime, 7);
      fails(set(0, 1_000_000_000, 0, 0), EINVAL);
    }
    ok(close(fd));
    ok(close(path));
  });

  it('reaches special nodes and directories without opening them', () => {
    ok(mknodat(here.fd, asBytes('fifo'), 0o10600));
    ok(mknodat(here.fd, asBytes('sock'), 0o140600));
    ok(mkdirat(here.fd, asBytes('dir'), 0o700));
    for (const name of ['fifo', 'sock', 'dir'].map(asBytes)) {
      const fd = ok(openat(here.fd, name, O_PATH));
      ok(chmodAt(fd, empty, 0o1755));
      ok(utimensAt(fd, empty, 1, 2, 3, 4));
      ok(chownAt(fd, empty, KEEP_ID, KEEP_ID));
      assert.deepEqual([stat(name).mode & 0o7777, st.mtimeNsec], [0o1755, 4]);
      ok(close(fd));
    }
  });

  it('sets sizes beyond 32 bits, and through a descriptor that is not open for writing', () => {
    makeFile(here.fd, asBytes('f'), 'content');
    const fd = ok(openat(here.fd, asBytes('f'), O_RDWR));
    const path = ok(openat(here.fd, asBytes('f'), O_PATH));
    ok(ftruncate(fd, 2 ** 40 + 1));
    assert.equal(lstatSync(`${here.dir}/f`).size, 2 ** 40 + 1);
    ok(truncateFd(path, 5));
    assert.equal(lstatSync(`${here.dir}/f`).size, 5);
    fails(ftruncate(fd, -1), EINVAL);
    fails(ftruncate(path, 1), EBADF);
    ok(close(fd));
    ok(close(path));
    fails(truncateFd(here.fd, 1), EISDIR);
  });

  it('returns the errnos that the kernel gives', () => {
    fails(chmodAt(here.fd, asBytes('none'), 0o600), ENOENT);
    fails(chownAt(here.fd, asBytes('none'), 1, 1), ENOENT);
    fails(utimensAt(here.fd, asBytes('none'), 0, 0, 0, 0), ENOENT);
    fails(chmodAt(9999, asBytes('x'), 0o600), EBADF);
    fails(chmodAt(9999, empty, 0o600), EBADF);
    fails(chownAt(9999, empty, 1, 1), EBADF);
    fails(utimensAt(9999, empty, 0, 0, 0, 0), EBADF);
    fails(futimens(9999, 0, 0, 0, 0), EBADF);
  });
});
