// What the rules say of an object is decided once, by its names; a rename of it, or of a directory above it, changes them. Guards against a
// decision that stays: a file that is never captured because it once lay in an excluded place, and one that is because it once did not. Disk takes no
// changes here: else a directory cannot be renamed into an excluded place.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { MountedRoot, needsMount } from '../mounted-root.ts';
import { flashTree } from '../run/flash-tree.ts';
import { readEvents } from './events.ts';
import { shell } from './inside.ts';

const EXCLUDE = [{ glob: '/cache', source: 'option' }] as const;

/** In `dir`: a file, and below it a symlink and two files. */
function fill(dir: string): void {
  mkdirSync(`${dir}/sub/deep`, { recursive: true });
  for (const name of ['f', 'sub/g', 'sub/deep/h']) writeFileSync(`${dir}/${name}`, name);
  symlinkSync('g', `${dir}/sub/l`);
}

const USE = 'cat f sub/l sub/deep/h >/dev/null';
const USED = ['f', 'sub/deep/h', 'sub/g', 'sub/l'];

/** Files and symlinks that flash has in `dir`. */
function captured(root: MountedRoot, dir: string): string[] {
  return [...flashTree(root.flash)]
    .filter(([path, type]) => type !== 'directory' && path.startsWith(`${dir}/`))
    .map(([path]) => path.slice(dir.length + 1))
    .sort();
}

function skips(root: MountedRoot): string[] {
  return readEvents(root.flash)
    .filter(({ kind }) => kind === 'skip')
    .map(({ path, reason, rule }) => [path, reason, ...(rule === undefined ? [] : [rule])].join(' '));
}

/** Two paths below `cwd` trade places. No program of every system does that. */
function exchange(cwd: string, a: string, b: string): void {
  const script = `
    import { RENAME_EXCHANGE, renameat2 } from '${new URL('../../src/sys/link.js', import.meta.url).href}';
    process.exitCode = -renameat2(-100, process.argv[1], -100, process.argv[2], RENAME_EXCHANGE);`;
  const ended = spawnSync(process.execPath, ['--input-type=module', '-e', script, a, b], { cwd, timeout: 60_000 });
  assert.equal(ended.status, 0, ended.stderr.toString());
}

describe('excludes of what is renamed', function () {
  this.timeout(60_000);
  needsMount();

  it('captures what lay in an excluded place and no longer does', async () => {
    await using root = new MountedRoot({ config: { exclude: EXCLUDE, diskWritable: false } });
    fill(`${root.disk}/cache/d`);
    await root.start();
    shell(root.mountpoint, `cd cache/d; ${USE}`);
    await root.settle();
    assert.deepEqual(captured(root, '/cache'), []);
    shell(root.mountpoint, `mv cache/d d; cd d; ${USE}`);
    await root.settle();
    assert.deepEqual(captured(root, '/d'), USED);
    assert.deepEqual(root.warnings, []);
  });

  it('captures nothing more of what was moved into an excluded place, and says which rule forbids it', async () => {
    await using root = new MountedRoot({ config: { exclude: EXCLUDE, diskWritable: false, maxFileSize: 10 } });
    fill(`${root.disk}/d`);
    for (const name of ['big', 'sub/big']) writeFileSync(`${root.disk}/d/${name}`, 'more than ten bytes');
    await root.start();
    shell(root.mountpoint, 'cat d/big d/sub/big');
    await root.settle();
    shell(root.mountpoint, `mv d cache; cd cache; cat big sub/big; ${USE}`);
    await root.stop();
    assert.deepEqual(captured(root, '/cache'), []);
    assert.deepEqual(skips(root), [
      '/d/big too-big',
      '/d/sub/big too-big',
      '/cache/big excluded /cache',
      '/cache/sub/big excluded /cache',
      '/cache/f excluded /cache',
      '/cache/sub/l excluded /cache',
      '/cache/sub/g excluded /cache',
      '/cache/sub/deep/h excluded /cache',
    ]);
  });

  it('captures what has a name that no rule excludes, whichever of its names is used first', async () => {
    for (const first of ['cache', 'keep']) {
      await using root = new MountedRoot({ config: { exclude: EXCLUDE, diskWritable: false } });
      for (const dir of ['cache', 'keep']) mkdirSync(`${root.disk}/${dir}`);
      writeFileSync(`${root.disk}/cache/both`, 'both');
      linkSync(`${root.disk}/cache/both`, `${root.disk}/keep/both`);
      writeFileSync(`${root.disk}/cache/one`, 'one');
      linkSync(`${root.disk}/cache/one`, `${root.disk}/cache/two`);
      await root.start();
      shell(root.mountpoint, `cat ${first}/both; cat */both cache/one cache/two`);
      await root.settle();
      const names = captured(root, '').filter((path) => !path.startsWith('.rootsync'));
      // The object is there; so its other name costs nothing.
      assert.deepEqual(names, ['cache/both', 'keep/both'], first);
    }
  });

  it('decides anew for both of two directories that trade places', async () => {
    await using root = new MountedRoot({ config: { exclude: EXCLUDE, diskWritable: false } });
    for (const dir of ['cache/d', 'd']) fill(`${root.disk}/${dir}`);
    await root.start();
    shell(root.mountpoint, `cd cache/d; ${USE}`);
    shell(root.mountpoint, 'find d -size +0 >/dev/null');
    exchange(root.mountpoint, 'cache/d', 'd');
    shell(root.mountpoint, `cd cache/d; ${USE}`);
    shell(root.mountpoint, `cd d; ${USE}`);
    await root.settle();
    assert.deepEqual([captured(root, '/cache/d'), captured(root, '/d')], [[], USED]);
  });
});
