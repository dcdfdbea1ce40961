// What the program says, and which exit code it gives, before anything is mounted.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootsync } from './rootsync.ts';

describe('cli/usage', () => {
  let dir: string;
  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'usage-'));
    for (const name of ['flash', 'disk', 'mnt', 'flash/inner']) mkdirSync(join(dir, name));
    writeFileSync(join(dir, 'file'), '');
  });
  after(() => {
    assert.deepEqual(readdirSync(join(dir, 'flash')), ['inner'], 'something was made on flash');
    rmSync(dir, { recursive: true });
  });

  it('tells its version, and its exit codes in --help', async () => {
    assert.match((await rootsync(['--version'])).stdout, /^\d+\.\d+\.\d+\n$/);
    for (const command of [
      'run',
      'mount',
      'umount',
      'status',
      'log',
      'why',
      'add',
      'forget',
      'sync',
      'exclude list',
      'exclude test',
      'exclude add',
      'exclude rm',
      'fsck',
    ]) {
      const { status, stdout } = await rootsync([...command.split(' '), '--help']);
      assert.equal(status, 0);
      assert.match(stdout, /Exit codes[^]*:\n/);
    }
  });

  const branches = ['--flash', 'flash', '--disk', 'disk'];
  const refused: [string, readonly string[], number, RegExp][] = [
    ['no command', [], 2, /Usage/],
    ['an unknown command', ['mont'], 2, /unknown command 'mont'[^]*mount/],
    ['an unknown option', ['mount', '--flsh', 'x', 'mnt'], 2, /unknown option '--flsh'[^]*--flash/],
    ['no mountpoint', ['mount', ...branches], 2, /MOUNTPOINT/],
    ['two mountpoints', ['mount', ...branches, 'mnt', 'disk'], 2, /too many arguments/],
    ['no flash', ['mount', '--disk', 'disk', 'mnt'], 2, /--flash DIR/],
    [
      'an unknown mode',
      ['mount', ...branches, '--mode', 'hodl', 'mnt'],
      2,
      /--mode: unknown mode hodl .did you mean hold/,
    ],
    [
      'an unknown -o option',
      ['mount', ...branches, '-o', 'ro,flsh=x', 'mnt'],
      2,
      /-o: unknown option flsh .did you mean flash/,
    ],
    ['a bad glob', ['mount', ...branches, '--exclude', '/a[', 'mnt'], 2, /bad exclude glob '\/a\['/],
    ['a missing flash', ['mount', '--flash', 'none', '--disk', 'disk', 'mnt'], 3, /flash none: no such directory/],
    ['a missing disk', ['mount', '--flash', 'flash', '--disk', 'none', 'mnt'], 3, /disk none: no such directory/],
    ['a missing mountpoint', ['mount', ...branches, 'none'], 3, /mountpoint none: no such directory/],
    ['a file as mountpoint', ['mount', ...branches, 'file'], 3, /mountpoint file is not a directory/],
    ['a missing file of globs', ['mount', ...branches, '--exclude-from', 'none', 'mnt'], 3, /exclude-from none/],
    ['flash = disk', ['mount', '--flash', 'disk', '--disk', './disk/', 'mnt'], 4, /same directory/],
    ['disk inside flash', ['mount', '--flash', 'flash', '--disk', 'flash/inner', 'mnt'], 4, /inside flash/],
    ['a mountpoint inside flash', ['mount', ...branches, 'flash/inner'], 4, /inside flash/],
    ['a mountpoint inside disk', ['mount', ...branches, 'disk'], 4, /inside disk/],
    ['status without that mount', ['status', '-m', 'mnt'], 8, /no rootsync mount at .*mnt/],
    ['umount without that mount', ['umount', 'mnt'], 8, /no rootsync mount at .*mnt/],
    ['run without a command', ['run'], 125, /COMMAND/],
    ['run with an unknown option', ['run', '--flsh', 'x', '--', 'true'], 125, /unknown option '--flsh'/],
    ['run that compares nothing', ['run', '--compare-output', '--', 'true'], 125, /needs --verify/],
    ['run with both', ['run', '--verify', '--flash-only', '--', 'true'], 125, /exclude each other/],
  ];
  for (const [what, args, exitCode, message] of refused) {
    it(`refuses ${what}`, async () => {
      const { status, stdout, stderr } = await rootsync(args, { cwd: dir });
      assert.equal(status, exitCode, stderr);
      assert.match(stderr, message);
      assert.equal(stdout, '');
    });
  }

  it('leaves nothing behind where it refuses', () => {
    assert.ok(!existsSync(join(dir, 'flash/.rootsync')));
  });
});
