// What a filesystem or a user namespace cannot hold is named, the rest is kept, and nobody gains a right by it.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { fileURLToPath } from 'node:url';
import { asBytes } from '../../src/bytes.ts';
import { ENAMETOOLONG } from '../../src/errno.ts';
import { isOfEveryObject } from '../../src/copy/metadata.ts';
import type { Degradation } from '../../src/copy/metadata.ts';
import { close } from '../../src/sys/open.ts';
import { fails, got, ok } from '../sys/place.ts';
import { capture, closeFlash, openDirectory, openFlash } from './copying.ts';
import { image, tool } from './images.ts';
import { makeSpecimens } from './specimens.ts';
import { witness } from './witness.ts';

describe('copies to filesystems that hold less', function () {
  this.timeout(60_000);
  const disk = image('ext4');
  const ramfs = image('ramfs');
  const small = image('ext4', { size: '8M', mkfs: ['-b', '1024', '-I', '128'] });

  before(() => {
    mkdirSync(`${disk.dir}/from`);
    makeSpecimens(`${disk.dir}/from`);
  });

  function captureTo(flashDir: string, names: readonly string[]): Map<string, Degradation[]> {
    const flash = openFlash(flashDir);
    const source = openDirectory(`${disk.dir}/from`);
    mkdirSync(`${flashDir}/to`);
    const target = openDirectory(`${flashDir}/to`);
    const lost = names.map((name): [string, Degradation[]] => [
      name,
      got(capture(flash, source, asBytes(name), target)).degraded,
    ]);
    for (const fd of [source, target]) ok(close(fd));
    closeFlash(flash);
    return new Map(lost);
  }

  it('names each xattr and ACL that is lost, and keeps everything else', () => {
    const names = readdirSync(`${disk.dir}/from`, 'latin1').filter(
      (name) => !name.startsWith('sparse') && name !== 'hole',
    );
    const lost = captureTo(ramfs.dir, names);
    const found = witness(`${ramfs.dir}/to`);
    const all = witness(`${disk.dir}/from`);
    const expected = Object.fromEntries(names.map((name) => [name, { ...all[name], xattrs: {} }]));
    // The group had `r--`; the named users' `rw-` was in the mode's group bits only as the ACL's mask.
    assert.equal(all['acl']?.mode, '660');
    if (expected['acl'] !== undefined) expected['acl'].mode = '640';
    assert.deepEqual(found, Object.fromEntries(Object.entries(expected).sort(([a], [b]) => (a < b ? -1 : 1))));
    const reason = 'EOPNOTSUPP';
    assert.deepEqual(lost.get('plain'), []);
    assert.deepEqual(lost.get('acl'), [{ what: 'acl', reason }]);
    assert.deepEqual(lost.get('capable'), [{ what: 'xattr:security.capability', reason }]);
    assert.deepEqual(lost.get('symlink'), [{ what: 'xattr:trusted.t', reason }]);
    assert.deepEqual(
      lost
        .get('directory')
        ?.map((d) => d.what)
        .sort(),
      ['default-acl', 'xattr:user.text'],
    );
    const named = ['security.rootsync', 'trusted.t', 'user.big', 'user.empty', 'user.nul', 'user.text'];
    assert.deepEqual(
      lost
        .get('xattrs')
        ?.map((d) => d.what)
        .sort(),
      named.map((name) => `xattr:${name}`),
    );
    assert.equal([...lost.values()].flat().some(isOfEveryObject), false);
  });

  it('names times that were cut, and an xattr that is too big though the filesystem is not full', () => {
    const lost = captureTo(small.dir, ['plain', 'future', 'xattrs', 'suid']);
    const second = { what: 'time', reason: 'seconds' };
    assert.deepEqual(lost.get('plain'), [second]);
    assert.ok(isOfEveryObject(second));
    assert.deepEqual(lost.get('future'), [{ what: 'time', reason: 'range' }]);
    assert.deepEqual(lost.get('xattrs'), [{ what: 'xattr:user.big', reason: 'ENOSPC' }, second]);
    const found = witness(`${small.dir}/to`);
    assert.equal(found['plain']?.mtime, '987654321000000000');
    assert.equal(found['future']?.mtime, String((2n ** 31n - 1n) * 1_000_000_000n));
    assert.equal(found['suid']?.mode, '6755');
    assert.deepEqual(Object.keys(found['xattrs']?.xattrs ?? {}).sort(), [
      'security.rootsync',
      'trusted.t',
      'user.empty',
      'user.nul',
      'user.text',
    ]);
  });

  it('fails for a symlink that cannot be held at all', () => {
    symlinkSync('t'.repeat(1024), `${disk.dir}/from/too-long`);
    const flash = openFlash(small.dir);
    const source = openDirectory(`${disk.dir}/from`);
    fails(capture(flash, source, asBytes('too-long'), flash.fd), ENAMETOOLONG);
    ok(close(source));
    closeFlash(flash);
  });

  it('in a user namespace: owners that are not mapped, and with them set-id bits, devices and capabilities', () => {
    const base = `${disk.dir}/namespace`;
    mkdirSync(base);
    const paths = { from: `${base}/from`, flash: `${base}/flash` };
    for (const path of Object.values(paths)) mkdirSync(path);
    for (const name of ['mapped', 'foreign', 'capable']) writeFileSync(`${paths.from}/${name}`, name);
    chownSync(`${paths.from}/foreign`, 1000, 1000);
    for (const name of ['mapped', 'foreign']) chmodSync(`${paths.from}/${name}`, 0o6755);
    tool('setcap', ['cap_net_raw+ep', `${paths.from}/capable`]);
    tool('setfattr', ['-n', 'user.kept', '-v', 'value', `${paths.from}/foreign`]);
    tool('mknod', [`${paths.from}/null`, 'c', '1', '3']);
    const script = fileURLToPath(new URL('./namespace-process.js', import.meta.url));
    const args = ['--user', '--map-root-user', process.execPath, script, paths.from, paths.flash];
    const report = JSON.parse(execFileSync('unshare', args, { encoding: 'utf8' })) as Record<string, unknown>;
    const einval = (what: string) => ({ what, reason: 'EINVAL' });
    const lostOwner = [einval('owner'), einval('group'), { what: 'mode', reason: 'follows owner' }];
    assert.deepEqual(report['mapped'], []);
    assert.deepEqual(report['foreign'], lostOwner);
    assert.equal(report['null'], 'EPERM');
    const foreign = lstatSync(`${paths.flash}/foreign`);
    assert.deepEqual([foreign.mode & 0o7777, foreign.uid], [0o755, 0]);
    assert.equal(lstatSync(`${paths.flash}/mapped`).mode & 0o7777, 0o6755);
    assert.equal(tool('getfattr', ['--only-values', '-n', 'user.kept', `${paths.flash}/foreign`]), 'value');
    assert.equal(readFileSync(`${paths.flash}/foreign`, 'utf8'), 'foreign');
    assert.deepEqual(readdirSync(paths.flash).sort(), ['capable', 'foreign', 'mapped', 'stage']);
  });
});
