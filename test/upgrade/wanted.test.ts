// The list of wanted paths. Guards against one that a crash leaves torn and the next path makes into another, that is lost when it cannot be written, and that
// outlives the mode.

import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { asBytes } from '../../src/bytes.ts';
import { EISDIR, ENOENT } from '../../src/errno.ts';
import { close, O_DIRECTORY, O_RDONLY, openat } from '../../src/sys/open.ts';
import { Wanted } from '../../src/upgrade/wanted.ts';
import { ok, place } from '../sys/place.ts';

const path = asBytes;

describe('upgrade/wanted', () => {
  let home: number;
  // Before the descriptors are counted.
  afterEach(() => close(home));
  const here = place();
  beforeEach(() => {
    mkdirSync(`${here.dir}/.rootsync`);
    home = ok(openat(here.fd, path('.rootsync'), O_RDONLY | O_DIRECTORY));
  });

  const list = (): string => `${here.dir}/.rootsync/wanted`;
  const resumed = (): Wanted => {
    const wanted = new Wanted(home);
    ok(wanted.resume());
    return wanted;
  };

  it('is what flash holds when the mode begins, but for what is ours, also for the next daemon', () => {
    mkdirSync(`${here.dir}/usr/bin`, { recursive: true });
    writeFileSync(here.path(path('usr/bin/\xff\n')), '');
    symlinkSync('usr/bin', `${here.dir}/bin`);
    writeFileSync(`${here.dir}/.rootsync/marks`, '');
    const wanted = new Wanted(home);
    ok(wanted.begin(here.fd));
    for (const each of [wanted, resumed()]) {
      for (const name of ['usr', 'usr/bin', 'usr/bin/\xff\n', 'bin']) assert.ok(each.has(path(name)), name);
      for (const name of ['', '.rootsync', '.rootsync/marks', 'bin/\xff\n']) assert.ok(!each.has(path(name)), name);
      assert.deepEqual(each.below(path('usr')).sort(), ['usr/bin', 'usr/bin/\xff\n']);
    }
  });

  it('takes further paths, each once, and none of them where they cannot be kept', () => {
    const wanted = new Wanted(home);
    ok(wanted.begin(here.fd));
    ok(wanted.add([path('a'), path('b')]));
    ok(wanted.add([path('b'), path('c')]));
    assert.equal(readFileSync(list(), 'latin1'), 'a\0b\0c\0');
    wanted.end();
    mkdirSync(list());
    assert.equal(wanted.add([path('a')]), EISDIR);
    assert.ok(!wanted.has(path('a')));
  });

  it('drops a torn last path for good: the next one is not taken for its end', () => {
    writeFileSync(list(), 'usr\0usr/bi');
    ok(resumed().add([path('etc')]));
    const wanted = resumed();
    assert.ok(wanted.has(path('usr')) && wanted.has(path('etc')));
    for (const name of ['usr/bi', 'usr/bietc']) assert.ok(!wanted.has(path(name)), name);
    appendFileSync(list(), 'x');
    assert.ok(!resumed().has(path('x')));
  });

  it('ends with the mode', () => {
    const wanted = new Wanted(home);
    ok(wanted.begin(here.fd));
    ok(wanted.add([path('a')]));
    writeFileSync(`${list()}.new`, 'half');
    wanted.end();
    assert.ok(!wanted.has(path('a')) && !existsSync(list()) && !existsSync(`${list()}.new`));
    assert.equal(new Wanted(home).resume(), ENOENT);
  });
});
