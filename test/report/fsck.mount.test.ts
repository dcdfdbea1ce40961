// A check of flashes that the daemon itself has made. Guards against faults that using rootsync leaves, against a check that takes such for
// faults, and against one that runs beside a daemon.
import assert from 'node:assert/strict';
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rootsync, startProgram } from '../cli/rootsync.ts';
import { MountedRoot, needsMount, within } from '../mounted-root.ts';
import type { FsckReport } from '../../src/report/fsck.ts';

/** Everything that is marked: removed, replaced, renamed, linked, swapped, removed again. */
const CHANGES = `set -e
cat etc/a lib/h1 link >/dev/null
rm etc/b; rm -r gone; mkdir gone; echo new >gone/x
rm lib/h1; echo other >lib/h3
mv lib moved; echo more >>moved/h2; mv moved/deep/f moved/deep/g; mv moved/deep elsewhere
mv etc/a etc/z; echo again >etc/a; rm etc/a
ln etc/c etc/d; mv etc/d gone/; rm link; mkdir link; rm -r link
mv swap1 swap3; mv swap2 swap1; mv swap3 swap2
echo in-place >>etc/c; rm etc/c; mv gone/d etc/c`;

describe('report/fsck, of what the daemon leaves', function () {
  this.timeout(120_000);
  needsMount();

  function makeDisk(disk: string): void {
    for (const dir of ['etc', 'lib/deep', 'gone/below', 'swap1', 'swap2'])
      mkdirSync(join(disk, dir), { recursive: true });
    for (const file of ['etc/a', 'etc/b', 'etc/c', 'lib/h1', 'lib/deep/f', 'gone/below/x', 'swap1/one', 'swap2/two'])
      writeFileSync(join(disk, file), `disk's ${file}`);
    linkSync(join(disk, 'lib/h1'), join(disk, 'lib/h2'));
    linkSync(join(disk, 'lib/h1'), join(disk, 'lib/h3'));
    symlinkSync('etc/a', join(disk, 'link'));
  }

  async function change(root: MountedRoot): Promise<void> {
    const { status, stderr } = await within(
      'the changes',
      startProgram('sh', ['-c', CHANGES], { cwd: root.mountpoint }).ended,
    );
    assert.equal(status, 0, stderr);
  }

  async function fsck(root: MountedRoot, ...words: string[]): Promise<{ status: number | null; report: FsckReport }> {
    const ended = await rootsync(['fsck', '--flash', root.flash, '--disk', root.disk, '--json', ...words]);
    if (ended.stdout === '') return { status: ended.status, report: assert.fail(ended.stderr) };
    return { status: ended.status, report: JSON.parse(ended.stdout) as FsckReport };
  }

  function faults({ findings }: FsckReport): string[] {
    return findings.filter(({ fault }) => fault).map(({ kind, path, detail }) => `${kind} ${path} ${detail}`);
  }

  async function listing(root: MountedRoot): Promise<string> {
    const words = ['.', '-mindepth', '1', '-printf', '%P %y %i %n %m %s %l\\n'];
    const { status, stdout } = await startProgram('find', words, { cwd: root.mountpoint }).ended;
    assert.equal(status, 0);
    return stdout.split('\n').sort().join('\n');
  }

  for (const end of ['stop', 'kill'] as const) {
    it(`finds no fault but leftovers after ${end}, and a repair changes nothing that the merged root shows`, async () => {
      await using root = new MountedRoot();
      makeDisk(root.disk);
      await root.start();
      await change(root);
      const before = await listing(root);
      await root[end]();
      const { report } = await fsck(root);
      assert.deepEqual(
        end === 'stop' ? faults(report) : faults(report).filter((fault) => !fault.startsWith('stage')),
        [],
      );
      assert.ok(report.marks > 5, 'nothing was marked');
      const repaired = await fsck(root, '--repair');
      assert.ok(repaired.report.faults === repaired.report.mended);
      assert.deepEqual((await fsck(root)).report.findings, []);
      await root.start();
      assert.equal(await listing(root), before);
      assert.deepEqual(root.warnings, []);
    });
  }

  it('refuses while the daemon runs', async () => {
    await using root = new MountedRoot();
    await root.start();
    const { status, stderr } = await rootsync(['fsck', '--flash', root.flash, '--disk', root.disk, '--repair']);
    assert.equal(status, 8);
    assert.match(stderr, /another rootsync is using it; unmount it first/);
  });
});
