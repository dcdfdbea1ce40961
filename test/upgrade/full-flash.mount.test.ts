// Guards against a flash without room that leaves the branches apart: a rename that half came about, a write that is lost, a sync that never ends.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MountedRoot, needsMount } from '../mounted-root.ts';
import type { Status } from '../../src/control/protocol.ts';
import { shell } from '../capture/inside.ts';
import { agreement } from './agreement.ts';
import { exchange } from './exchange.ts';

describe('upgrade: a full flash', function () {
  this.timeout(120_000);
  needsMount();
  const flash = mkdtempSync(join(tmpdir(), 'full-'));
  before(() => {
    assert.equal(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'none', flash]).status, 0);
  });
  beforeEach(() => {
    rmSync(`${flash}/root`, { recursive: true, force: true });
    mkdirSync(`${flash}/root`);
  });
  after(() => {
    spawnSync('umount', ['-l', flash]);
    rmSync(flash, { recursive: true, force: true });
  });

  it('refuses a rename before anything is changed; what was written in place follows once there is room', async () => {
    await using root = new MountedRoot({ flash: `${flash}/root`, config: { mode: null } });
    mkdirSync(`${root.disk}/d`);
    for (const name of ['a', 'b']) writeFileSync(`${root.disk}/d/${name}`, `${name}: old\n`);
    writeFileSync(`${root.disk}/d/ballast`, Buffer.alloc(1 << 20, 1));
    await root.start();
    shell(root.mountpoint, 'cat d/a d/b d/ballast >/dev/null');
    await root.settle();
    await root.switchMode('upgrade');
    shell(root.mountpoint, 'head -c 4000000 /dev/urandom >d/a.new; ! mv d/a.new d/a 2>/dev/null');
    assert.equal(readFileSync(`${root.disk}/d/a`, 'utf8'), 'a: old\n');
    assert.equal(readFileSync(`${root.flash}/d/a`, 'utf8'), 'a: old\n');
    shell(root.mountpoint, 'cat d/a.new >>d/b');
    await root.settle();
    const { mirror } = (await root.status()) as Status;
    assert.deepEqual([mirror.pending, mirror.failed], [1, 1]);
    assert.equal(
      shell(root.mountpoint, 'cmp <(echo b: old; cat d/a.new) d/b; rm d/ballast; truncate -s 2000000 d/b'),
      '',
    );
    await root.settle();
    assert.deepEqual(agreement(root), []);
    assert.equal(((await root.status()) as Status).mirror.pending, 0);
    // Room for the copy, and then for nothing more: it does not stay.
    const { bavail, bsize } = statfsSync(flash);
    shell(
      root.mountpoint,
      `head -c ${String(bavail * bsize - 8192)} /dev/zero >d/b.new; ! mv d/b.new d/b 2>/dev/null; rm d/b.new`,
    );
    assert.deepEqual(readdirSync(`${root.flash}/.rootsync/stage`), []);
    shell(root.mountpoint, 'truncate -s 1000000 d/a.new; mv d/a.new d/a');
    await root.settle();
    assert.deepEqual(agreement(root), []);
    assert.deepEqual(root.warnings, []);
  });

  it('refuses to let directories trade places of which it has no room for what would be wanted', async () => {
    await using root = new MountedRoot({ flash: `${flash}/root`, config: { mode: null } });
    for (const name of ['one', 'two']) {
      mkdirSync(`${root.disk}/${name}`);
      writeFileSync(`${root.disk}/${name}/a`, name);
    }
    writeFileSync(`${root.disk}/one/b`, 'b');
    writeFileSync(`${root.disk}/two/b`, Buffer.alloc(5_000_000, 1));
    await root.start();
    shell(root.mountpoint, 'cat one/a one/b >/dev/null');
    await root.settle();
    await root.switchMode('upgrade');
    // ENOSPC.
    assert.equal(shell(root.mountpoint, `${exchange('one', 'two')} 2>&1 || true`), '28\n');
    assert.equal(shell(root.mountpoint, 'cat one/a two/a'), 'onetwo');
    await root.settle();
    assert.equal(((await root.status()) as Status).mirror.pending, 0);
    shell(root.mountpoint, `truncate -s 100000 two/b; ${exchange('one', 'two')}`);
    await root.settle();
    assert.equal(readFileSync(`${root.flash}/one/b`).length, 100_000);
    assert.deepEqual(agreement(root), []);
    assert.deepEqual(root.warnings, []);
  });
});
