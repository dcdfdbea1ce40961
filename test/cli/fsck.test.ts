// `rootsync fsck` as scripts call it: exit codes, the lock, JSON. Guards against one that runs beside a daemon, or whose exit code says less than it found.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FsckReport } from '../../src/report/fsck.ts';
import { fromText } from '../../src/bytes.ts';
import { AT_FDCWD } from '../../src/sys/at.ts';
import { close, O_DIRECTORY, O_RDONLY, openat } from '../../src/sys/open.ts';
import { flock, LOCK_EX, LOCK_NB } from '../../src/sys/process.ts';
import { ok } from '../sys/place.ts';
import { rootsync } from './rootsync.ts';

describe('cli/fsck', () => {
  let dir: string;
  const home = (): string => join(dir, 'flash/.rootsync');
  const run = (...words: string[]): ReturnType<typeof rootsync> =>
    rootsync(['fsck', '--flash', 'flash', '--disk', 'disk', ...words], { cwd: dir });
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'fsck-'));
    for (const name of ['flash', 'disk']) mkdirSync(join(dir, name));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  it('exits with 0 for a flash that was never mounted, and makes nothing there', async () => {
    const { status, stdout, stderr } = await run('--repair');
    assert.deepEqual([status, stdout, stderr], [0, '0 objects on flash, 0 marks: no faults\n', '']);
    assert.deepEqual(readdirSync(join(dir, 'flash')), []);
  });

  it('exits with 4 for faults that are left, 1 when all were mended, then 0', async () => {
    mkdirSync(join(home(), 'stage/s1'), { recursive: true });
    const checked = await run();
    assert.equal(checked.status, 4);
    assert.match(
      checked.stdout,
      /^stage-leftover: \/\.rootsync\/stage\/s1 .*\n0 objects.*1 faults, 0 mended; --repair/,
    );
    const { status, stdout } = await run('--repair', '--json');
    const report = JSON.parse(stdout) as FsckReport;
    assert.deepEqual([status, report.faults, report.mended, report.failure], [1, 1, 1, '']);
    assert.ok(!existsSync(join(home(), 'stage/s1')));
    assert.equal((await run()).status, 0);
  });

  it('refuses while a mount has the lock', async () => {
    mkdirSync(home());
    const fd = ok(openat(AT_FDCWD, fromText(home()), O_RDONLY | O_DIRECTORY));
    ok(flock(fd, LOCK_EX | LOCK_NB));
    const { status, stderr } = await run('--repair');
    close(fd);
    assert.equal(status, 8);
    assert.match(stderr, /flash: another rootsync is using it; unmount it first/);
  });

  it('exits with 8 for directories that it cannot check, 16 for words that it does not know', async () => {
    writeFileSync(join(dir, 'file'), '');
    assert.equal((await rootsync(['fsck', '--flash', 'none', '--disk', 'disk'], { cwd: dir })).status, 8);
    assert.equal((await rootsync(['fsck', '--flash', 'disk', '--disk', 'disk'], { cwd: dir })).status, 8);
    assert.equal((await rootsync(['fsck', '--flash', 'file', '--disk', 'disk'], { cwd: dir })).status, 8);
    assert.equal((await rootsync(['fsck', '--flash', 'flash'], { cwd: dir })).status, 16);
    assert.equal((await run('--fix')).status, 16);
    assert.match((await run('--help')).stdout, /Exit codes, those of fsck/);
  });
});
