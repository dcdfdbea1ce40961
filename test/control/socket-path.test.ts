import assert from 'node:assert/strict';
import { chownSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asBytes } from '../../src/bytes.ts';
import { makeSocketDirectory, socketPaths } from '../../src/control/socket-path.ts';

describe('control/socket-path', () => {
  const uid = process.getuid!();
  // Root would take /run/rootsync, which others use now.
  const someone = uid === 0 ? 12345 : uid;
  let dir: string;
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'runtime-'))));
  afterEach(() => {
    rmSync(dir, { recursive: true });
    if (someone !== uid) rmSync(`/tmp/rootsync-${someone}`, { recursive: true, force: true });
  });

  it('closes the directory to others', () => {
    mkdirSync(join(dir, 'rootsync'), 0o755);
    if (someone !== uid) chownSync(join(dir, 'rootsync'), someone, someone);
    assert.equal(makeSocketDirectory(someone, dir), join(dir, 'rootsync'));
    assert.equal(statSync(join(dir, 'rootsync')).mode & 0o777, 0o700);
  });

  it("takes no directory of somebody else's, and no symlink", () => {
    mkdirSync(join(dir, 'rootsync'));
    if (uid === 0) assert.throws(() => makeSocketDirectory(someone, dir), /belongs to uid 0/);
    rmSync(join(dir, 'rootsync'), { recursive: true });
    symlinkSync('/tmp', join(dir, 'rootsync'));
    if (uid === 0) assert.throws(() => makeSocketDirectory(someone, dir), /not a directory/);
    else assert.notEqual(makeSocketDirectory(uid, dir), join(dir, 'rootsync'));
  });

  it('looks where the owner of the mount has it', () => {
    const mount = { device: '0:7', mountpoint: asBytes('/m'), type: 'fuse.rootsync', owner: 0 };
    assert.deepEqual(socketPaths(mount, undefined), ['/run/rootsync/0:7.sock', '/tmp/rootsync-0/0:7.sock']);
    assert.deepEqual(socketPaths({ ...mount, owner: 7 }, '/x'), [
      '/x/rootsync/0:7.sock',
      '/run/user/7/rootsync/0:7.sock',
      '/tmp/rootsync-7/0:7.sock',
    ]);
  });
});
