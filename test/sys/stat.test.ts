import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { linkSync, lstatSync, lutimesSync, mkdirSync, statSync, symlinkSync, truncateSync } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { asBytes } from '../../src/bytes.ts';
import { EBADF, ELOOP, ENAMETOOLONG, ENOENT, ENOTDIR } from '../../src/errno.ts';
import { AT_FDCWD } from '../../src/sys/at.ts';
import { chownAt, utimensAt } from '../../src/sys/attr.ts';
import { mknodat } from '../../src/sys/link.ts';
import { O_PATH, close, openat } from '../../src/sys/open.ts';
import {
  STATX_BASIC_STATS,
  STATX_INO,
  STATX_TYPE,
  newStat,
  statxAt,
  statxFd,
  statxFollow,
} from '../../src/sys/stat.ts';
import type { Stat } from '../../src/sys/stat.ts';
import { asRoot, fails, makeFile, oddNames, ok, place } from './place.ts';

function sameAsNode(st: Stat, node: BigIntStats): void {
  const ns = (seconds: number, nanoseconds: number) => BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds);
  const dev = (major: number, minor: number) =>
    (BigInt(major & 0xfffff000) << 32n) |
    BigInt((major & 0xfff) << 8) |
    (BigInt(minor & 0xffffff00) << 12n) |
    BigInt(minor & 0xff);
  assert.deepEqual(
    {
      ino: (BigInt(st.inoHi >>> 0) << 32n) | BigInt(st.inoLo >>> 0),
      dev: dev(st.devMajor, st.devMinor),
      mode: BigInt(st.mode),
      nlink: BigInt(st.nlink),
      uid: BigInt(st.uid),
      gid: BigInt(st.gid),
      size: BigInt(st.size),
      blocks: BigInt(st.blocks),
      blksize: BigInt(st.blksize),
      rdev: dev(st.rdevMajor, st.rdevMinor),
      atimeNs: ns(st.atime, st.atimeNsec),
      mtimeNs: ns(st.mtime, st.mtimeNsec),
      ctimeNs: ns(st.ctime, st.ctimeNsec),
    },
    {
      ino: node.ino,
      dev: node.dev,
      mode: node.mode,
      nlink: node.nlink,
      uid: node.uid,
      gid: node.gid,
      size: node.size,
      blocks: node.blocks,
      blksize: node.blksize,
      rdev: node.rdev,
      atimeNs: node.atimeNs,
      mtimeNs: node.mtimeNs,
      ctimeNs: node.ctimeNs,
    },
  );
}

describe('sys/stat', () => {
  const here = place();
  const st = newStat();

  it('agrees with Node in every field, for each kind: a wrong offset in struct statx', () => {
    const kinds = ['file', 'dir', 'link', 'fifo', 'two'].map(asBytes);
    makeFile(here.fd, asBytes('file'), 'some content');
    mkdirSync(`${here.dir}/dir`);
    symlinkSync('file', `${here.dir}/link`);
    execFileSync('mkfifo', [`${here.dir}/fifo`]);
    linkSync(`${here.dir}/file`, `${here.dir}/two`);
    if (asRoot) {
      ok(mknodat(here.fd, asBytes('device'), 0o20600, 300, 70000));
      ok(chownAt(here.fd, asBytes('two'), 4294967294, 3000000000));
      kinds.push(asBytes('device'));
    }
    for (const name of kinds) {
      ok(statxAt(here.fd, name, st));
      sameAsNode(st, lstatSync(here.path(name), { bigint: true }));
      assert.equal(st.mountRoot, false);
      const fd = ok(openat(here.fd, name, O_PATH));
      const byFd = newStat();
      ok(statxFd(fd, byFd));
      assert.deepEqual(byFd, st);
      ok(statxAt(fd, asBytes(''), byFd));
      assert.deepEqual(byFd, st);
      ok(close(fd));
    }
    for (const name of ['/dev/null', '/proc/self', '/']) {
      ok(statxAt(AT_FDCWD, asBytes(name), st));
      sameAsNode(st, lstatSync(name, { bigint: true }));
    }
  });

  it('passes names as bytes', () => {
    for (const name of oddNames) {
      makeFile(here.fd, name);
      ok(statxAt(here.fd, name, st));
      assert.equal(BigInt(st.inoLo >>> 0), lstatSync(here.path(name), { bigint: true }).ino & 0xffffffffn);
    }
  });

  it('keeps inode halves signed, as they are compared with others', () => {
    ok(statxFollow(AT_FDCWD, asBytes('/proc/self/ns/mnt'), st));
    const node = statSync('/proc/self/ns/mnt', { bigint: true });
    assert.equal(st.inoLo, Number(BigInt.asIntN(32, node.ino)));
    assert.equal(st.inoLo, st.inoLo | 0);
    assert.equal(st.inoHi, Number(BigInt.asIntN(32, node.ino >> 32n)));
  });

  it('reads times before 1970 and after 2038: seconds have 64 bits and a sign', () => {
    makeFile(here.fd, asBytes('f'));
    for (const seconds of [-1, -2_000_000_000, 2 ** 31, 2 ** 32, 2 ** 33]) {
      ok(utimensAt(here.fd, asBytes('f'), seconds, 999_999_999, seconds, 1));
      ok(statxAt(here.fd, asBytes('f'), st));
      sameAsNode(st, lstatSync(`${here.dir}/f`, { bigint: true }));
      assert.equal(st.atime, seconds);
      assert.equal(st.mtimeNsec, 1);
    }
  });

  it('reads sizes beyond 32 bits', () => {
    makeFile(here.fd, asBytes('sparse'));
    truncateSync(`${here.dir}/sparse`, 2 ** 40 + 5);
    ok(statxAt(here.fd, asBytes('sparse'), st));
    assert.equal(st.size, 2 ** 40 + 5);
    assert.ok(st.blocks < 100);
  });

  it('shows a symlink itself, and its target only on demand', () => {
    makeFile(here.fd, asBytes('file'), '12345');
    symlinkSync('file', `${here.dir}/link`);
    symlinkSync('nowhere', `${here.dir}/dangling`);
    lutimesSync(`${here.dir}/link`, 5, 6);
    ok(statxAt(here.fd, asBytes('link'), st));
    assert.equal(st.mode & 0o170000, 0o120000);
    assert.equal(st.mtime, 6);
    ok(statxFollow(here.fd, asBytes('link'), st));
    assert.equal(st.size, 5);
    ok(statxAt(here.fd, asBytes('dangling'), st));
    fails(statxFollow(here.fd, asBytes('dangling'), st), ENOENT);
  });

  it('knows the root of a mount', () => {
    ok(statxAt(AT_FDCWD, asBytes('/proc'), st));
    assert.equal(st.mountRoot, true);
    ok(statxAt(AT_FDCWD, asBytes('/proc/self'), st));
    assert.equal(st.mountRoot, false);
  });

  it('takes the birth time only when the kernel says it has one: else what another file left would show', () => {
    makeFile(here.fd, asBytes('f'));
    ok(statxAt(here.fd, asBytes('f'), st));
    const born = lstatSync(`${here.dir}/f`, { bigint: true }).birthtimeNs;
    if (st.btime !== 0) assert.equal(BigInt(st.btime) * 1_000_000_000n + BigInt(st.btimeNsec), born);
    st.btime = 77;
    st.btimeNsec = 78;
    ok(statxAt(here.fd, asBytes('f'), st, STATX_BASIC_STATS));
    ok(statxAt(AT_FDCWD, asBytes('/proc/self/stat'), st));
    assert.deepEqual([st.btime, st.btimeNsec], [0, 0]);
  });

  it('asks for less on demand', () => {
    makeFile(here.fd, asBytes('f'));
    ok(statxAt(here.fd, asBytes('f'), st, STATX_INO | STATX_TYPE));
    assert.equal(st.mode & 0o170000, 0o100000);
    assert.equal(BigInt(st.inoLo >>> 0), lstatSync(`${here.dir}/f`, { bigint: true }).ino & 0xffffffffn);
  });

  it('returns errnos and leaves the Stat alone', () => {
    makeFile(here.fd, asBytes('file'));
    symlinkSync('loop', `${here.dir}/loop`);
    const untouched = newStat();
    const out = newStat();
    fails(statxAt(here.fd, asBytes('none'), out), ENOENT);
    fails(statxAt(here.fd, asBytes('file/x'), out), ENOTDIR);
    fails(statxAt(here.fd, asBytes('loop/x'), out), ELOOP);
    fails(statxFollow(here.fd, asBytes('loop'), out), ELOOP);
    fails(statxAt(here.fd, asBytes('n'.repeat(256)), out), ENAMETOOLONG);
    fails(statxAt(9999, asBytes('x'), out), EBADF);
    fails(statxFd(9999, out), EBADF);
    assert.deepEqual(out, untouched);
  });
});
