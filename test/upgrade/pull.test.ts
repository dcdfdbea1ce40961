// What a symlink pulls to flash, on two directories as branches. Guards against a library that is missing after an upgrade, and against pulling what flash did without
// before.

import assert from 'node:assert/strict';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { asBytes } from '../../src/bytes.ts';
import { openFlash } from '../../src/branch/open-branch.ts';
import { close, O_DIRECTORY, O_RDONLY, openat } from '../../src/sys/open.ts';
import { inoKey } from '../../src/tree/ino.ts';
import { Marks } from '../../src/tree/marks.ts';
import { Tree } from '../../src/tree/tree.ts';
import { pulledBy } from '../../src/upgrade/pull.ts';
import { Wanted } from '../../src/upgrade/wanted.ts';
import { got, ok, place } from '../sys/place.ts';

describe('upgrade/pull', () => {
  const here = place();

  beforeEach(() => {
    for (const dir of ['flash/.rootsync', 'disk']) mkdirSync(`${here.dir}/${dir}`, { recursive: true });
  });

  /** `a/b` is a file, `a -> b` a symlink, `a/` a directory. */
  function put(branch: 'flash' | 'disk', ...objects: readonly string[]): void {
    for (const object of objects) {
      const [name = '', target] = object.split(' -> ');
      const at = `${here.dir}/${branch}/${name}`;
      mkdirSync(name.endsWith('/') ? at : dirname(at), { recursive: true });
      if (target !== undefined) symlinkSync(target, at);
      else if (!name.endsWith('/')) writeFileSync(at, '');
    }
  }

  /** What disk's symlink `source` pulls when it gets the name `name`. */
  function pulled(source: string, name: string): string[] {
    const [flash, disk] = [got(openFlash(`${here.dir}/flash`)), got(openFlash(`${here.dir}/disk`))];
    const home = ok(openat(here.fd, asBytes('flash/.rootsync'), O_RDONLY | O_DIRECTORY));
    const wanted = new Wanted(home);
    ok(wanted.begin(flash.fd(flash.root)));
    const tree = new Tree({ flash, disk, marks: new Marks(inoKey) });
    const paths = pulledBy(tree, wanted, got(tree.walk(asBytes(source))), asBytes(name));
    close(home);
    for (const branch of [flash, disk]) branch.close();
    return paths.sort();
  }

  it('is what it leads to now, with the symlinks and directories on the way', () => {
    put('flash', 'lib/x.so.1.2', 'lib/x.so.1 -> x.so.1.2');
    put('disk', 'lib/x.so.1.2', 'lib/x.so.1 -> x.so.1.2', 'new/deep/x', 'lib/x.so.1.3 -> ../new/deep/x');
    put('disk', 'lib/tmp -> x.so.1.3');
    assert.deepEqual(pulled('lib/tmp', 'lib/x.so.1'), ['lib/x.so.1.3', 'new', 'new/deep', 'new/deep/x']);
  });

  it('is nothing where flash did without before, where it leads to the same or to nothing, and where flash has it', () => {
    put('flash', 'a -> gone', 'b -> here', 'here', 'c -> here');
    put('disk', 'gone', 'there', 'one -> there', 'two -> here', 'three -> nowhere', 'd');
    put('flash', 'd');
    assert.deepEqual(pulled('one', 'a'), []);
    assert.deepEqual(pulled('two', 'b'), []);
    assert.deepEqual(pulled('three', 'b'), []);
    put('disk', 'four -> d');
    assert.deepEqual(pulled('four', 'c'), []);
    assert.deepEqual(pulled('one', 'not-on-flash'), []);
    assert.deepEqual(pulled('one', 'c'), ['there']);
  });

  it('is of a directory what flash had by the same names below the one before', () => {
    put('flash', 'share/v1/a', 'share/v1/sub/b', 'share/v1/gone', 'share/cur -> v1');
    put('disk', 'share/v1/a', 'share/v1/sub/b', 'share/v1/gone', 'share/v1/unused', 'share/cur -> v1');
    put('disk', 'share/v2/a', 'share/v2/sub/b -> ../c', 'share/v2/c', 'share/v2/unused', 'share/tmp -> /share/v2');
    assert.deepEqual(pulled('share/tmp', 'share/cur'), [
      'share/v2',
      'share/v2/a',
      'share/v2/c',
      'share/v2/sub',
      'share/v2/sub/b',
    ]);
    rmSync(`${here.dir}/flash/share/v1`, { recursive: true });
    assert.deepEqual(pulled('share/tmp', 'share/cur'), []);
  });
});
