// The whole purpose, once through: a Debian boots from the merged root and captures what it uses; flash alone then boots as well. Guards against a
// system that hangs or fails for want of its own daemon, at its end too, and against a flash that lacks something or is not clean. ROOTSYNC_BOOT_FULL: also on an
// older kernel.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { lstatSync, readFileSync, readlinkSync, readdirSync, statfsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { needsMount } from '../mounted-root.ts';
import { bootable } from './debian.ts';
import { ALONE, Boots, CAPTURE, isClean, isWhole, tell } from './boots.ts';
import type { Booted } from './boots.ts';
import { FULL } from './full.ts';

/** A program of what the system is for, which boots do without. */
const NEEDED = 'nproc';

/** Bookworm's kernel, 6.1, passes nothing through. */
const SUITES = FULL ? ['trixie', 'bookworm'] : ['trixie'];

for (const suite of SUITES)
  describe(`Debian ${suite} booted from the merged root`, function () {
    this.timeout(900_000);
    bootsFromMergedRoot(suite);
  });

function bootsFromMergedRoot(suite: string): void {
  const passthrough = suite !== 'bookworm';
  needsMount();
  let boots: Boots;
  let disk = '';
  let flash = '';
  let asDelivered = '';
  let first: Booted;

  const sum = (file: string): string => execFileSync('sha256sum', [file], { encoding: 'utf8' }).split(' ')[0] ?? '';

  const events = (image: string): { kind: string; path?: string }[] =>
    boots.look(image, (dir) =>
      readFileSync(join(dir, '.rootsync/log/events.jsonl'), 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as { kind: string; path?: string }),
    );

  const usedMB = (image: string): number =>
    boots.look(image, (dir) => {
      const { blocks, bfree, bsize } = statfsSync(dir);
      return Math.round(((blocks - bfree) * bsize) / 1e6);
    });

  before(function () {
    boots = new Boots(bootable(suite));
    disk = boots.disk();
    flash = boots.flash();
    asDelivered = sum(disk);
  });

  it('captures: no unit fails, a service answers, disk stays as it was, flash is clean', async () => {
    // What flash alone needs to be otherwise than on disk.
    const commands = ['sed -i s/LABEL=disk/LABEL=flash/ /etc/fstab', NEEDED];
    first = await boots.boot(CAPTURE, [{ file: flash }, { file: disk }], commands);
    tell('capture', first);
    isWhole(first, 'fuse.rootsync');
    assert.match(first.console, /rootsync: flash is complete, and the daemon ends/);
    assert.equal(sum(disk), asDelivered);
    isClean(flash);
    const mounts = first.report.get('mount') ?? [];
    assert(
      mounts.some((line) => line.startsWith('/media/flash ext4 rw')),
      mounts.join('\n'),
    );
    assert(
      mounts.some((line) => line.startsWith('/media/disk ext4 ro')),
      mounts.join('\n'),
    );
    // The root as mount(2) makes it: set-id programs and devices work.
    assert.match(mounts.join('\n'), /^\/ fuse\.rootsync rw,relatime$/m);
  });

  it('has a daemon that nothing ends, that says nothing but how it began and ended, and that passes flash through where it can', () => {
    assert.match(first.report.get('daemon')?.[0] ?? '', /VmLck: [1-9]\d{4,} kB .*oom -1000/);
    assert.equal(first.status?.mountpoint, '/');
    assert.equal(first.status.passthrough, passthrough);
    const log = boots.look(flash, (dir) => readFileSync(join(dir, '.rootsync/log/daemon.log'), 'utf8'));
    assert.match(
      log,
      /^\S+Z serving \/media\/flash over \/media\/disk\n\S+Z flash is complete, and the daemon ends\n$/,
    );
  });

  it('puts a small part of disk on flash, and every symlink as it is on disk', () => {
    const [ofFlash, ofDisk] = [usedMB(flash), usedMB(disk)];
    console.log(`      flash holds ${ofFlash} MB of the ${ofDisk} MB on disk`);
    assert(ofFlash < ofDisk / 3);
    const links = boots.look(flash, (dir) => [...symlinks(dir, '')]);
    for (const name of ['/bin', '/lib64', '/usr/sbin/init'])
      assert(
        links.some(([path]) => path === name),
        name,
      );
    boots.look(disk, (dir) => {
      // Those that the system makes itself have nothing to be compared with.
      for (const [path, target] of links.filter(([path]) => path.startsWith('/usr/') || exists(join(dir, path)))) {
        assert.equal(readlinkSync(join(dir, path)), target, path);
      }
    });
  });

  it('rehearses what flash alone would do: the boot is whole, and all that it misses is what was taken off flash', async () => {
    const lacking = boots.copy(flash);
    await boots.mounted(lacking, 'rw', (dir) => rm(join(dir, '/usr/bin', NEEDED)));
    const drives = [{ file: lacking }, { file: disk }];
    const rehearsal = await boots.boot(`${CAPTURE} rootsync.mode=rehearse`, drives, [`! ${NEEDED}`]);
    tell('rehearsal', rehearsal);
    isWhole(rehearsal, 'fuse.rootsync');
    assert.equal(rehearsal.status?.mode, 'rehearse');
    const missed = events(lacking).flatMap(({ kind, path }) => (kind === 'miss' && path !== undefined ? [path] : []));
    // Logs are excluded.
    assert.deepEqual(
      missed.filter((path) => !path.startsWith('/var/log/')),
      [`/usr/bin/${NEEDED}`],
    );
  });

  it('boots from flash alone, as rehearsed', async () => {
    const alone = await boots.boot(ALONE, [{ file: flash, snapshot: true }]);
    tell('flash alone', alone);
    isWhole(alone, 'ext4');
    assert.match(alone.report.get('mount')?.[0] ?? '', /^\/ ext4 rw,/);
  });

  it('captures nothing twice in a second boot, and serves less of what it reads', async () => {
    const before = events(flash);
    const second = await boots.boot(CAPTURE, [{ file: flash }, { file: disk }]);
    tell('second capture', second);
    isWhole(second, 'fuse.rootsync');
    isClean(flash);
    const captures = (all: typeof before): string[] =>
      all.flatMap(({ kind, path }) => (kind === 'capture' && path !== undefined ? [path] : []));
    const known = new Set(captures(before));
    assert.deepEqual(
      captures(events(flash).slice(before.length)).filter((path) => known.has(path)),
      [],
    );
    if (!passthrough) return;
    // What is big is passed through now, what is small is still served, once.
    const reads = ({ status }: Booted): number => status?.operations['read']?.count ?? 0;
    assert(reads(second) < reads(first), `${reads(second)} reads after ${reads(first)}`);
  });

  it('in mode hold captures nothing, and the command line finds the daemon', async () => {
    const empty = boots.flash();
    const asks = ['rootsync status', '! rootsync umount'];
    const held = await boots.boot(`${CAPTURE} rootsync.mode=hold`, [{ file: empty }, { file: disk }], asks);
    tell('hold', held);
    isWhole(held, 'fuse.rootsync');
    assert.match(held.console, /^mountpoint +\/\r$/m);
    assert.match(held.console, passthrough ? /^mode +hold, data passed through\r$/m : /^mode +hold, data served\r$/m);
    assert.match(held.console, /it ends when the system does/);
    assert.deepEqual(
      events(empty).filter(({ kind }) => kind === 'capture'),
      [],
    );
    assert.equal(sum(disk), asDelivered);
  });
}

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function* symlinks(root: string, below: string): Generator<[path: string, target: string]> {
  for (const name of readdirSync(join(root, below))) {
    const path = `${below}/${name}`;
    const stat = lstatSync(join(root, path));
    if (stat.isSymbolicLink()) yield [path, readlinkSync(join(root, path))];
    else if (stat.isDirectory() && path !== '/.rootsync') yield* symlinks(root, path);
  }
}
