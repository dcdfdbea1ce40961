import assert from 'node:assert/strict';
import { existsSync, lstatSync, mkdirSync, readFileSync, readlinkSync, symlinkSync, unlinkSync } from 'node:fs';
import { asBytes } from '../../src/bytes.ts';
import { EEXIST, EINVAL, EISDIR, ELOOP, ENAMETOOLONG, ENOENT, ENOTDIR, ENOTEMPTY, EXDEV } from '../../src/errno.ts';
import { AT_FDCWD } from '../../src/sys/at.ts';
import { write } from '../../src/sys/io.ts';
import {
  RENAME_EXCHANGE,
  RENAME_NOREPLACE,
  RENAME_WHITEOUT,
  linkat,
  mkdirat,
  mknodat,
  readlinkat,
  renameat2,
  rmdirat,
  symlinkat,
  unlinkat,
} from '../../src/sys/link.ts';
import { O_PATH, O_RDWR, O_TMPFILE, close, openat } from '../../src/sys/open.ts';
import { newStat, statxAt } from '../../src/sys/stat.ts';
import { asRoot, currentUmask, fails, makeFile, oddNames, ok, place } from './place.ts';

describe('sys/link', () => {
  const here = place();
  const st = newStat();
  const text = (name: string) => readFileSync(`${here.dir}/${name}`, 'latin1');

  it('keeps two names apart in a call that takes two: one scratch room would make them one', () => {
    for (const name of oddNames) {
      makeFile(here.fd, asBytes('from'), Buffer.from(name, 'latin1'));
      const to = asBytes(`${name.slice(0, 250)}.to`);
      ok(linkat(here.fd, asBytes('from'), here.fd, to));
      ok(statxAt(here.fd, to, st));
      assert.equal(st.nlink, 2);
      ok(renameat2(here.fd, to, here.fd, name));
      ok(unlinkat(here.fd, asBytes('from')));
      assert.equal(readFileSync(here.path(name), 'latin1'), name);
      ok(symlinkat(name, here.fd, to));
      assert.equal(readlinkSync(here.path(to), 'latin1'), name);
      assert.equal(readlinkat(here.fd, to), name);
      ok(unlinkat(here.fd, to));
      ok(unlinkat(here.fd, name));
      ok(mkdirat(here.fd, name, 0o700));
      assert.ok(lstatSync(here.path(name)).isDirectory());
      ok(rmdirat(here.fd, name));
      ok(mknodat(here.fd, name, 0o10600));
      assert.ok(lstatSync(here.path(name)).isFIFO());
      ok(unlinkat(here.fd, name));
    }
  });

  it('links the symlink, not its target', () => {
    makeFile(here.fd, asBytes('file'));
    symlinkSync('file', `${here.dir}/link`);
    ok(linkat(here.fd, asBytes('link'), here.fd, asBytes('link2')));
    assert.equal(readlinkat(here.fd, asBytes('link2')), 'file');
  });

  it('gives an O_TMPFILE its name, and a removed file none', () => {
    const fd = ok(openat(here.fd, asBytes('.'), O_TMPFILE | O_RDWR, 0o600));
    ok(write(fd, Buffer.from('late'), 0, 4));
    ok(linkat(fd, asBytes(''), here.fd, asBytes('named')));
    assert.equal(text('named'), 'late');
    fails(linkat(fd, asBytes(''), here.fd, asBytes('named')), EEXIST);
    const path = ok(openat(here.fd, asBytes('named'), O_PATH));
    ok(linkat(path, asBytes(''), here.fd, asBytes('again')));
    unlinkSync(`${here.dir}/named`);
    unlinkSync(`${here.dir}/again`);
    fails(linkat(path, asBytes(''), here.fd, asBytes('third')), ENOENT);
    ok(close(path));
    ok(close(fd));
  });

  it('renames with each flag', () => {
    makeFile(here.fd, asBytes('a'), 'A');
    makeFile(here.fd, asBytes('b'), 'B');
    fails(renameat2(here.fd, asBytes('a'), here.fd, asBytes('b'), RENAME_NOREPLACE), EEXIST);
    ok(renameat2(here.fd, asBytes('a'), here.fd, asBytes('b'), RENAME_EXCHANGE));
    assert.deepEqual([text('a'), text('b')], ['B', 'A']);
    fails(renameat2(here.fd, asBytes('a'), here.fd, asBytes('none'), RENAME_EXCHANGE), ENOENT);
    fails(renameat2(here.fd, asBytes('a'), here.fd, asBytes('b'), RENAME_EXCHANGE | RENAME_NOREPLACE), EINVAL);
    ok(renameat2(here.fd, asBytes('a'), here.fd, asBytes('b')));
    assert.equal(text('b'), 'B');
    assert.equal(existsSync(`${here.dir}/a`), false);
    if (asRoot) {
      const done = renameat2(here.fd, asBytes('b'), here.fd, asBytes('c'), RENAME_WHITEOUT);
      if (done === 0) assert.ok(lstatSync(`${here.dir}/b`).isCharacterDevice());
      else fails(done, EINVAL);
    }
  });

  it('reads symlinks of up to 4095 bytes, through an O_PATH descriptor too', () => {
    for (const content of ['x', '\xff\n\x80', 'y'.repeat(4095)].map(asBytes)) {
      ok(symlinkat(content, here.fd, asBytes('l')));
      assert.equal(readlinkat(here.fd, asBytes('l')), content);
      const fd = ok(openat(here.fd, asBytes('l'), O_PATH));
      assert.equal(readlinkat(fd, asBytes('')), content);
      ok(close(fd));
      ok(unlinkat(here.fd, asBytes('l')));
    }
    fails(symlinkat(asBytes('y'.repeat(4096)), here.fd, asBytes('l')), ENAMETOOLONG);
    makeFile(here.fd, asBytes('file'));
    fails(readlinkat(here.fd, asBytes('file')), EINVAL);
    fails(readlinkat(here.fd, asBytes('none')), ENOENT);
  });

  it('makes nodes with the device numbers asked for, large ones too', function () {
    ok(mknodat(here.fd, asBytes('reg'), 0o100640));
    assert.ok(lstatSync(`${here.dir}/reg`).isFile());
    if (!asRoot) this.skip();
    for (const [major, minor] of [
      [1, 3],
      [8, 255],
      [259, 256],
      [4095, 1048575],
    ] as const) {
      ok(mknodat(here.fd, asBytes('n'), 0o60600, major, minor));
      ok(statxAt(here.fd, asBytes('n'), st));
      assert.deepEqual([st.mode, st.rdevMajor, st.rdevMinor], [0o60600 & ~currentUmask(), major, minor]);
      ok(unlinkat(here.fd, asBytes('n')));
    }
  });

  it('returns the errnos that the kernel gives', () => {
    makeFile(here.fd, asBytes('file'));
    mkdirSync(`${here.dir}/dir`);
    makeFile(here.fd, asBytes('dir/inside'));
    symlinkSync('loop', `${here.dir}/loop`);
    fails(unlinkat(here.fd, asBytes('dir')), EISDIR);
    fails(unlinkat(here.fd, asBytes('none')), ENOENT);
    fails(rmdirat(here.fd, asBytes('dir')), ENOTEMPTY);
    fails(rmdirat(here.fd, asBytes('file')), ENOTDIR);
    fails(mkdirat(here.fd, asBytes('dir'), 0o755), EEXIST);
    fails(mkdirat(here.fd, asBytes('loop/x'), 0o755), ELOOP);
    fails(mkdirat(here.fd, asBytes('n'.repeat(256)), 0o755), ENAMETOOLONG);
    fails(mknodat(here.fd, asBytes('file'), 0o100644), EEXIST);
    fails(linkat(here.fd, asBytes('none'), here.fd, asBytes('x')), ENOENT);
    fails(linkat(AT_FDCWD, asBytes('/proc/version'), here.fd, asBytes('x')), EXDEV);
    fails(renameat2(here.fd, asBytes('dir'), here.fd, asBytes('dir/inside/x')), ENOTDIR);
    fails(renameat2(here.fd, asBytes('dir'), here.fd, asBytes('dir/sub')), EINVAL);
    fails(symlinkat(asBytes(''), here.fd, asBytes('empty')), ENOENT);
  });
});
