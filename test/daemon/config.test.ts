import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resolveConfig, type MountConfig } from '../../src/daemon/config.ts';
import { newDraft, type MountDraft } from '../../src/daemon/mount-options.ts';
import { StartError, type StartErrorKind } from '../../src/daemon/start-error.ts';

describe('daemon/config', () => {
  let dir: string;
  let path: (name: string) => string;

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'config-'));
    path = (name) => join(dir, name);
    for (const name of ['flash', 'disk', 'mnt', 'flash/inner', 'disk/inner']) mkdirSync(path(name));
    writeFileSync(path('file'), 'x');
    symlinkSync('flash', path('link'));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  const resolve = (changes: Partial<MountDraft> = {}, mountpoint = path('mnt')): MountConfig | StartError =>
    resolveConfig({ ...newDraft(), flash: path('flash'), disk: path('disk'), ...changes }, mountpoint);
  const good = (config: MountConfig | StartError): MountConfig => {
    assert.ok(!(config instanceof StartError), (config as StartError).message);
    return config;
  };
  const bad = (config: MountConfig | StartError, kind: StartErrorKind, message: RegExp): void => {
    assert.ok(config instanceof StartError);
    assert.deepEqual([config.kind, message.test(config.message)], [kind, true], config.message);
  };

  it('makes paths absolute and takes symlinks out', () => {
    const config = good(resolve({ flash: path('link') }));
    assert.deepEqual([config.flash, config.disk, config.mountpoint], [path('flash'), path('disk'), path('mnt')]);
  });

  it('takes flash inside disk, and any mountpoint below a disk that is /', () => {
    good(resolve({ flash: path('disk/inner') }));
    good(resolve({ disk: '/' }));
  });

  it('turns a share of flash into bytes', () => {
    const { reserve } = good(resolve({ reserve: { percent: 50 } }));
    assert.ok(Number.isSafeInteger(reserve) && reserve > 0);
  });

  it('reads the rules of options and files in their order', () => {
    writeFileSync(path('rules'), '# comment\n\n/b\n  /c  \n');
    const { exclude } = good(resolve({ exclude: [{ glob: '/a' }, { file: path('rules') }, { glob: '!/d' }] }));
    assert.deepEqual(
      exclude.map(({ glob }) => glob),
      ['/a', '/b', '/c', '!/d'],
    );
    assert.deepEqual(exclude[1], { glob: '/b', source: 'file', file: path('rules'), line: 3 });
  });

  it('refuses what is missing or is no directory, naming it', () => {
    bad(resolve({ flash: path('nowhere') }), 'path', /flash .*nowhere: no such directory/);
    bad(resolve({ disk: path('file') }), 'path', /disk .*file is not a directory/);
    bad(resolve({ disk: path('file/x') }), 'path', /not a directory/);
    bad(resolve({}, path('nowhere')), 'path', /mountpoint .*nowhere/);
    bad(resolve({}, ''), 'path', /empty/);
    symlinkSync('loop', path('loop'));
    bad(resolve({ disk: path('loop') }), 'path', /too many symlinks/);
    bad(resolveConfig(newDraft(), path('mnt')), 'usage', /--flash/);
    bad(resolveConfig({ ...newDraft(), flash: path('flash') }, path('mnt')), 'usage', /--disk/);
  });

  it('refuses directories that lie in each other', () => {
    bad(resolve({ disk: path('flash') }), 'conflict', /same directory/);
    bad(resolve({ disk: path('link') }), 'conflict', /same directory/);
    bad(resolve({ disk: path('flash/inner') }), 'conflict', /inside flash/);
    bad(resolve({}, path('flash/inner')), 'conflict', /mountpoint .* inside flash/);
    bad(resolve({}, path('disk')), 'conflict', /mountpoint .* inside disk/);
    bad(resolve({}, path('disk/inner')), 'conflict', /mountpoint .* inside disk/);
    bad(resolve({}, dir), 'conflict', /which would hide it/);
  });

  it('refuses globs and files of globs that cannot be used', () => {
    bad(resolve({ exclude: [{ glob: '' }] }), 'usage', /empty/);
    bad(resolve({ exclude: [{ file: path('nowhere') }] }), 'path', /exclude-from .*nowhere/);
    writeFileSync(path('latin1'), Buffer.from('/ok\n/a\xff\n', 'latin1'));
    bad(resolve({ exclude: [{ file: path('latin1') }] }), 'usage', /latin1:2.*UTF-8/);
  });

  it('changes nothing', () => {
    resolve();
    assert.ok(!existsSync(path('flash/.rootsync')));
  });
});
