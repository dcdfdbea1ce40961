// The suites on a plain directory, as the control, and on the merged root wherever their objects come from: disk, flash, both, below a directory
// that was renamed. Afterwards the tree must be the same after a remount and after a kill, and disk as it was.

import assert from 'node:assert/strict';
import { fork, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MountedRoot, needsMount, within } from '../mounted-root.ts';
import type { RootOptions } from '../mounted-root.ts';
import { cases } from './suites.ts';
import type { CaseResult, SuiteOrder } from './suite-process.ts';
import { Worker } from './workers.ts';

const PROCESS = new URL('./suite-process.js', import.meta.url);
const LIMIT_MS = 4 * 60_000;

/** Where the objects of the cases are before they begin. */
type Origin = 'disk' | 'flash' | 'both' | 'renamed';

const CONFIGURATIONS: readonly (RootOptions & { readonly origin: Origin; readonly name: string })[] = [
  { name: 'on disk', origin: 'disk' },
  { name: 'on flash', origin: 'flash' },
  { name: 'on both', origin: 'both' },
  { name: 'below a renamed directory', origin: 'renamed' },
  { name: 'on disk, all data served', origin: 'disk', config: { passthrough: false } },
  { name: 'on both, all data served', origin: 'both', config: { passthrough: false } },
  { name: 'on disk, nothing captured', origin: 'disk', config: { mode: 'hold' } },
];

async function inProcess(order: SuiteOrder): Promise<CaseResult[]> {
  const child = fork(PROCESS, [], { execArgv: ['--no-warnings'] });
  try {
    const answered = new Promise<CaseResult[]>((resolve, reject) => {
      child.once('message', (results: CaseResult[]) => {
        resolve(results);
      });
      child.once('exit', (status, signal) => {
        reject(new Error(`the suites ended: ${signal ?? String(status)}`));
      });
    });
    child.send(order);
    return await within('the suites', answered, LIMIT_MS);
  } finally {
    child.kill('SIGKILL');
  }
}

function report(results: () => readonly CaseResult[]): void {
  for (const { suite, name, directory } of cases)
    it(`${suite}: ${name}`, () => {
      const result = results().find((one) => one.directory === directory);
      assert.ok(result, 'did not run');
      if (result.wrong !== undefined) assert.fail(result.wrong);
    });
}

/** Takes the root to where the cases run in it; the path, in the merged root, of the directory that holds them. */
async function prepare(root: MountedRoot, origin: Origin): Promise<string> {
  const on = (dir: string) => inProcess({ root: join(dir, 'work'), plant: true });
  if (origin !== 'flash') await on(root.disk);
  await root.start();
  const work = join(root.mountpoint, 'work');
  if (origin === 'flash') await on(root.mountpoint);
  if (origin === 'both') {
    await using reader = new Worker();
    await reader.dumps([work]);
    await root.settle();
  }
  if (origin !== 'renamed') return work;
  await rename(work, join(root.mountpoint, 'moved'));
  return join(root.mountpoint, 'moved');
}

describe('suites', function () {
  this.timeout(LIMIT_MS);

  describe('on a plain directory', () => {
    let results: readonly CaseResult[] = [];
    before(async function () {
      if (process.getuid?.() !== 0) this.skip();
      const dir = mkdtempSync(join(tmpdir(), 'plain-'));
      chmodSync(dir, 0o755);
      await inProcess({ root: dir, plant: true });
      results = await inProcess({ root: dir, plant: false });
      spawnSync('rm', ['-rf', dir]);
    });
    report(() => results);
  });

  for (const { name, origin, ...options } of CONFIGURATIONS)
    describe(`on the merged root, ${name}`, () => {
      needsMount();
      let results: readonly CaseResult[] = [];
      const wrong: string[] = [];
      before(async () => {
        await using root = new MountedRoot(options);
        await using worker = new Worker();
        const work = await prepare(root, origin);
        const [disk] = await worker.dumps([root.disk], 'witness');
        results = await inProcess({ root: work, plant: false });
        const [first] = await worker.dumps([work]);
        for (const how of ['stop', 'kill'] as const) {
          await root.restart(how);
          const [again] = await worker.dumps([work]);
          for (const line of again?.lines ?? [])
            if (first?.lines.includes(line) !== true) wrong.push(`after ${how}: ${line}`);
          if (again?.lines.length !== first?.lines.length) wrong.push(`after ${how}: something is missing or more`);
          for (const [path, ino] of Object.entries(again?.inos ?? {}))
            if (first?.inos[path] !== ino) wrong.push(`after ${how}: another number: ${path}`);
        }
        await root.stop();
        const [untouched] = await worker.dumps([root.disk], 'witness');
        if (origin !== 'flash' && untouched?.lines.join('\n') !== disk?.lines.join('\n'))
          wrong.push('disk was touched');
        wrong.push(...root.warnings);
      });
      report(() => results);
      it('leaves the same tree after a remount and a kill, and disk as it was', () => {
        assert.deepEqual(wrong, []);
      });
    });
});
