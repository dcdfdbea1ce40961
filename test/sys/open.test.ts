import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, readlinkSync, renameSync, statSync, symlinkSync, unlinkSync } from 'node:fs';
import { asBytes } from '../../src/bytes.ts';
import {
  EACCES,
  EBADF,
  EEXIST,
  EINVAL,
  EISDIR,
  ELOOP,
  ENODEV,
  ENOENT,
  ENOTDIR,
  ENXIO,
  EXDEV,
} from '../../src/errno.ts';
import { read, write } from '../../src/sys/io.ts';
import { mknodat } from '../../src/sys/link.ts';
import {
  O_APPEND,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NONBLOCK,
  O_PATH,
  O_RDONLY,
  O_RDWR,
  O_TMPFILE,
  O_TRUNC,
  O_WRONLY,
  RESOLVE_BENEATH,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
  RESOLVE_NO_XDEV,
  close,
  dup,
  dupOnto,
  getStatusFlags,
  memfd,
  openFollow,
  openat,
  openat2,
  reopen,
  setStatusFlags,
} from '../../src/sys/open.ts';
import { openTree } from '../../src/sys/mount.ts';
import { eventfd } from '../../src/sys/poll.ts';
import { openFuse } from '../../src/sys/fuse-dev.ts';
import { currentUmask, fails, makeFile, oddNames, ok, place } from './place.ts';

function closesOnExec(fd: number): boolean {
  const flags = /^flags:\s+(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1];
  return (parseInt(flags ?? '0', 8) & 0o2000000) !== 0;
}

describe('sys/open', () => {
  const here = place();

  it('makes every descriptor close-on-exec: a leaked one would pin a branch in a child', () => {
    makeFile(here.fd, asBytes('f'));
    const fd = ok(openat(here.fd, asBytes('f'), O_RDWR));
    const opened = [
      fd,
      openFollow(here.fd, asBytes('f'), O_RDONLY),
      openat2(here.fd, asBytes('f'), O_RDONLY, 0, 0),
      reopen(fd, O_RDONLY),
      dup(fd),
      memfd(asBytes('m')),
      eventfd(),
      openTree(here.fd, asBytes(''), 0),
    ];
    const fuse = openFuse();
    if (fuse >= 0) opened.push(fuse);
    else assert.ok(fuse === EACCES || fuse === ENOENT || fuse === ENODEV);
    const onto = ok(dup(fd));
    for (const one of opened) assert.ok(closesOnExec(ok(one)), readlinkSync(`/proc/self/fd/${one}`));
    assert.equal(dupOnto(fd, onto), onto);
    assert.ok(closesOnExec(onto));
    assert.equal(dupOnto(fd, onto, true), onto);
    assert.ok(!closesOnExec(onto));
    for (const one of [...opened, onto]) ok(close(one));
  });

  it('creates with the mode and the bytes of the name', () => {
    for (const name of oddNames) {
      const fd = ok(openat(here.fd, name, O_CREAT | O_EXCL | O_WRONLY, 0o640));
      assert.equal(statSync(here.path(name)).mode & 0o7777, 0o640 & ~currentUmask());
      fails(openat(here.fd, name, O_CREAT | O_EXCL | O_WRONLY, 0o640), EEXIST);
      ok(close(fd));
    }
  });

  it('does not follow a final symlink, unless its name says so', () => {
    makeFile(here.fd, asBytes('file'), 'target');
    symlinkSync('file', `${here.dir}/link`);
    fails(openat(here.fd, asBytes('link'), O_RDONLY), ELOOP);
    fails(openat(here.fd, asBytes('link'), O_WRONLY | O_TRUNC), ELOOP);
    const itself = ok(openat(here.fd, asBytes('link'), O_PATH));
    assert.equal(readlinkSync(`/proc/self/fd/${itself}`), `${here.dir}/link`);
    fails(reopen(itself, O_RDONLY), ELOOP);
    const followed = ok(openFollow(here.fd, asBytes('link'), O_RDONLY));
    assert.equal(read(followed, Buffer.alloc(10), 0, 10), 6);
    ok(close(itself));
    ok(close(followed));
  });

  it('returns the errnos that the kernel gives', () => {
    makeFile(here.fd, asBytes('file'));
    mkdirSync(`${here.dir}/dir`);
    ok(mknodat(here.fd, asBytes('fifo'), 0o10644));
    fails(openat(here.fd, asBytes('none'), O_RDONLY), ENOENT);
    fails(openat(here.fd, asBytes('file/x'), O_RDONLY), ENOTDIR);
    fails(openat(here.fd, asBytes('file'), O_DIRECTORY), ENOTDIR);
    fails(openat(here.fd, asBytes('dir'), O_WRONLY), EISDIR);
    fails(openat(here.fd, asBytes('fifo'), O_WRONLY | O_NONBLOCK), ENXIO);
    fails(openat(9999, asBytes('x'), O_RDONLY), EBADF);
    fails(close(9999), EBADF);
    fails(dup(9999), EBADF);
    fails(openat(here.fd, asBytes('dir'), O_TMPFILE | O_RDONLY), EINVAL);
  });

  it('confines a resolution: escapes by .., absolute links, magic links, other mounts', () => {
    mkdirSync(`${here.dir}/dir`);
    makeFile(here.fd, asBytes('inside'), 'in');
    makeFile(here.fd, asBytes('dir/passwd'), 'fake');
    symlinkSync('../inside', `${here.dir}/dir/up`);
    symlinkSync('/passwd', `${here.dir}/dir/absolute`);
    const dir = ok(openat(here.fd, asBytes('dir'), O_PATH | O_DIRECTORY));
    fails(openat2(dir, asBytes('../inside'), O_RDONLY, 0, RESOLVE_BENEATH), EXDEV);
    fails(openat2(dir, asBytes('up'), O_RDONLY, 0, RESOLVE_BENEATH), EXDEV);
    fails(openat2(dir, asBytes('absolute'), O_RDONLY, 0, RESOLVE_BENEATH), EXDEV);
    fails(openat2(dir, asBytes('absolute'), O_RDONLY, 0, RESOLVE_NO_SYMLINKS), ELOOP);
    const within = ok(openat2(dir, asBytes('absolute'), O_RDONLY, 0, RESOLVE_IN_ROOT));
    assert.equal(readlinkSync(`/proc/self/fd/${within}`), `${here.dir}/dir/passwd`);
    const root = ok(openFollow(here.fd, asBytes('/'), O_PATH));
    fails(openat2(root, asBytes('proc/self'), O_PATH, 0, RESOLVE_NO_XDEV), EXDEV);
    fails(openat2(root, asBytes('proc/self/exe'), O_RDONLY, 0, RESOLVE_NO_MAGICLINKS), ELOOP);
    const made = ok(openat2(dir, asBytes('made'), O_CREAT | O_WRONLY, 0o600, RESOLVE_BENEATH));
    assert.equal(statSync(`${here.dir}/dir/made`).mode & 0o777, 0o600 & ~currentUmask());
    fails(openat2(dir, asBytes('made'), O_RDONLY, 0, 1 << 20), EINVAL);
    for (const fd of [dir, within, root, made]) ok(close(fd));
  });

  it('reopens what a descriptor refers to, renamed or removed since: by its path it would be another file', () => {
    makeFile(here.fd, asBytes('f'), 'first');
    const fd = ok(openat(here.fd, asBytes('f'), O_PATH));
    renameSync(`${here.dir}/f`, `${here.dir}/g`);
    makeFile(here.fd, asBytes('f'), 'another');
    unlinkSync(`${here.dir}/g`);
    const again = ok(reopen(fd, O_RDWR));
    const bytes = Buffer.alloc(16);
    assert.equal(bytes.toString('latin1', 0, read(again, bytes, 0, 16)), 'first');
    ok(close(again));
    ok(close(fd));
  });

  it('shares an open file between duplicates, and changes its status flags', () => {
    makeFile(here.fd, asBytes('f'), 'abcdef');
    const fd = ok(openat(here.fd, asBytes('f'), O_RDWR));
    const two = ok(dup(fd));
    assert.ok(two > 2);
    const bytes = Buffer.alloc(3);
    ok(read(fd, bytes, 0, 3));
    ok(read(two, bytes, 0, 3));
    assert.equal(bytes.toString(), 'def');
    ok(setStatusFlags(fd, O_APPEND));
    assert.equal(ok(getStatusFlags(two)) & O_APPEND, O_APPEND);
    assert.equal(ok(getStatusFlags(two)) & 3, O_RDWR);
    ok(close(fd));
    ok(close(two));
  });

  it('makes files that have no name', () => {
    const unnamed = ok(openat(here.fd, asBytes('.'), O_TMPFILE | O_RDWR, 0o600));
    const memory = ok(memfd(asBytes('in memory')));
    const bytes = Buffer.from('x');
    for (const fd of [unnamed, memory]) {
      assert.equal(write(fd, bytes, 0, 1), 1);
      ok(close(fd));
    }
  });

  it('gives permission errors to who has no permission', function () {
    if (process.getuid?.() !== 0) {
      fails(openat(here.fd, asBytes('/etc/shadow'), O_RDONLY), EACCES);
    }
  });
});
