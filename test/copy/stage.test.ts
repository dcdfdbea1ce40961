import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { asBytes } from '../../src/bytes.ts';
import { EBUSY, ENOTDIR, EPERM } from '../../src/errno.ts';
import { openStage, removeTree } from '../../src/copy/stage.ts';
import { mount, umount2 } from '../../src/sys/mount.ts';
import { mkdirat } from '../../src/sys/link.ts';
import { FS_IMMUTABLE_FL, getFlags, setFlags } from '../../src/sys/ioctl.ts';
import { O_DIRECTORY, O_RDONLY, close, openat } from '../../src/sys/open.ts';
import { inThread } from '../sys/thread.ts';
import { asRoot, fails, got, makeFile, oddNames, ok, place } from '../sys/place.ts';

const STAGE = asBytes('stage');

describe('copy/stage', () => {
  const here = place();
  const path = (name = ''): string => `${here.dir}/stage${name}`;

  it('is made private, found again, and gives names that are its own', () => {
    const stage = got(openStage(here.fd, STAGE));
    assert.equal(statSync(path()).mode & 0o7777, 0o700);
    const names = new Set(Array.from({ length: 1000 }, () => stage.name()));
    assert.equal(names.size, 1000);
    stage.close();
    got(openStage(here.fd, STAGE)).close();
    makeFile(here.fd, asBytes('file'));
    fails(openStage(here.fd, asBytes('file')), ENOTDIR);
  });

  it('passes on neither a default ACL nor a group that it inherited', function () {
    try {
      execFileSync('setfacl', ['-d', '-m', 'u:1000:rwx', here.dir], { stdio: 'ignore' });
    } catch {
      this.skip();
    }
    execFileSync('chmod', ['g+s', here.dir]);
    const stage = got(openStage(here.fd, STAGE));
    makeFile(stage.fd, asBytes('f'));
    assert.ok(!execFileSync('getfacl', ['-cpn', path(), path('/f')], { encoding: 'utf8' }).includes('1000'));
    assert.equal(statSync(path()).mode & 0o7777, 0o700);
    stage.close();
  });

  it('is swept of everything: odd names, many names, deep trees, closed directories, links to elsewhere', function () {
    this.timeout(60_000);
    const stage = got(openStage(here.fd, STAGE));
    makeFile(here.fd, asBytes('kept'), 'elsewhere');
    symlinkSync(here.dir, path('/out'));
    for (const name of oddNames) makeFile(stage.fd, name);
    for (let i = 0; i < 3000; i++) writeFileSync(path(`/many${String(i)}`), '');
    mkdirSync(path('/wide/a/b/c'), { recursive: true });
    for (const name of oddNames) ok(mkdirat(stage.fd, asBytes(`wide/a/${name}`), 0o755));
    for (const name of oddNames) makeFile(stage.fd, asBytes(`wide/a/b/${name}`));
    symlinkSync('/', path('/wide/a/root'));
    mkdirSync(path('/shut/inner'), { recursive: true });
    writeFileSync(path('/shut/inner/f'), '');
    execFileSync('chmod', ['000', path('/shut/inner'), path('/shut')]);
    makeDeep(stage.fd, 2000);
    const swept = stage.sweep();
    assert.deepEqual({ left: swept.left, err: swept.err }, { left: 0, err: 0 });
    assert.ok(swept.removed > 5000 + 3 * oddNames.length, String(swept.removed));
    assert.deepEqual(readdirSync(path()), []);
    assert.ok(existsSync(`${here.dir}/kept`));
    assert.deepEqual(stage.sweep(), { removed: 0, left: 0, err: 0 });
    stage.close();
  });

  it('is swept of closed directories by who has no right to look into them either', async function () {
    if ((await inThread('../copy/unprivileged-thread.js', 'sweep', here.dir)) === 'skip') this.skip();
  });

  it('says what it had to leave, and still removes the rest', function () {
    const stage = got(openStage(here.fd, STAGE));
    mkdirSync(path('/a/mounted'), { recursive: true });
    writeFileSync(path('/a/f'), '');
    if (mount(asBytes('none'), asBytes(path('/a/mounted')), asBytes('tmpfs'), 0, asBytes('')) < 0) {
      stage.close();
      this.skip();
    }
    try {
      // A directory that something is mounted on can be moved up, but not removed.
      assert.deepEqual(stage.sweep(), { removed: 1, left: 1, err: EBUSY });
    } finally {
      const at = path('/a/mounted');
      if (umount2(asBytes(at)) < 0) for (const name of readdirSync(path())) umount2(asBytes(path(`/${name}`)));
    }
    stage.sweep();
    makeFile(stage.fd, asBytes('immutable'));
    makeFile(stage.fd, asBytes('other'));
    const fd = ok(openat(stage.fd, asBytes('immutable'), O_RDONLY));
    const flags = getFlags(fd);
    if (asRoot && flags >= 0 && setFlags(fd, flags | FS_IMMUTABLE_FL) === 0) {
      assert.deepEqual(stage.sweep(), { removed: 1, left: 1, err: EPERM });
      ok(setFlags(fd, flags));
    }
    ok(close(fd));
    stage.close();
  });

  it('removes one tree and nothing beside it; what is not there is no error', () => {
    mkdirSync(`${here.dir}/tree/a/b`, { recursive: true });
    writeFileSync(`${here.dir}/tree/a/b/f`, '');
    writeFileSync(`${here.dir}/beside`, '');
    assert.deepEqual(removeTree(here.fd, asBytes('tree')), { removed: 4, left: 0, err: 0 });
    assert.deepEqual(removeTree(here.fd, asBytes('tree')), { removed: 0, left: 0, err: 0 });
    assert.deepEqual(readdirSync(here.dir), ['beside']);
    assert.deepEqual(removeTree(here.fd, asBytes('beside')), { removed: 1, left: 0, err: 0 });
  });
});

// Deeper than descriptors or PATH_MAX allow to walk down by either.
function makeDeep(fd: number, depth: number): void {
  let at = fd;
  for (let i = 0; i < depth; i++) {
    ok(mkdirat(at, asBytes('directory'), 0o700));
    const next = ok(openat(at, asBytes('directory'), O_RDONLY | O_DIRECTORY));
    if (at !== fd) ok(close(at));
    at = next;
  }
  ok(close(at));
}
