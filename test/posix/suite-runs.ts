// The suites in all their surroundings: on a plain directory, and on a merged root whose objects come from disk, flash, both, or a directory that
// was renamed. Afterwards the tree must be the same after a remount and after a kill, and disk as it was.

import assert from 'node:assert/strict';
import { fork, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { MountedRoot, within } from '../mounted-root.ts';
import type { RootOptions } from '../mounted-root.ts';
import { cases } from './suites.ts';
import type { CaseResult, SuiteOrder } from './suite-process.ts';
import { Worker } from './workers.ts';

const PROCESS = new URL('./suite-process.js', import.meta.url);
/** For all cases, in one surrounding. */
export const LIMIT_MS = 4 * 60_000;

/** Where the objects of the cases are before they begin. */
export type Origin = 'disk' | 'flash' | 'both' | 'renamed';

/** What the suites came to in one surrounding. */
export interface SuiteRun {
  readonly results: readonly CaseResult[];
  /** What was wrong with the tree afterwards. */
  readonly wrong: readonly string[];
}

/** The suites on a plain directory below `base`. */
export async function runOnPlain(base: string): Promise<SuiteRun> {
  const dir = mkdtempSync(join(base, 'plain-'));
  chmodSync(dir, 0o755);
  await inProcess({ root: dir, plant: true });
  const results = await inProcess({ root: dir, plant: false });
  spawnSync('rm', ['-rf', dir]);
  return { results, wrong: [] };
}

/** What is different about a merged root. */
export interface Surroundings {
  /** Flash keeps no finer times. */
  readonly wholeSeconds?: boolean;
  /** Where changes go, if not to flash alone: `disk`: flash gets nothing but directories. `both`: what is renamed with a directory that flash has may, too. */
  readonly changed?: 'disk' | 'both' | undefined;
}

/** The suites on a merged root. */
export async function runOnMerged(
  origin: Origin,
  options: RootOptions,
  { wholeSeconds = false, changed }: Surroundings = {},
): Promise<SuiteRun> {
  await using root = new MountedRoot(options);
  await using worker = new Worker();
  const wrong: string[] = [];
  const work = await prepare(root, origin, wholeSeconds);
  const [disk] = await worker.dumps([root.disk], 'witness');
  const results = await inProcess({ root: work, plant: false });
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
  if (changed === 'disk') wrong.push(...filesOn(root.flash));
  else if (changed === undefined && origin !== 'flash' && untouched?.lines.join('\n') !== disk?.lines.join('\n'))
    wrong.push('disk was touched');
  wrong.push(...root.warnings);
  return { results, wrong };
}

/** What a flash has that is no directory, its own aside. */
function filesOn(flash: string): string[] {
  const found = spawnSync('find', [flash, '-path', `${flash}/.rootsync`, '-prune', '-o', '!', '-type', 'd', '-print']);
  const paths = found.stdout.toString('latin1').split('\n');
  return paths.filter((path) => path !== '').map((path) => `on flash: ${path}`);
}

/** A test for each case but those that cannot hold there, by their names. */
export function report(run: () => SuiteRun | undefined, except: readonly string[] = []): void {
  for (const { suite, name, directory } of cases.filter((one) => !except.includes(one.name)))
    it(`${suite}: ${name}`, () => {
      const result = run()?.results.find((one) => one.directory === directory);
      assert.ok(result, 'did not run');
      if (result.wrong !== undefined) assert.fail(result.wrong);
    });
}

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

/** Takes the root to where the cases run in it; the path, in the merged root, of the directory that holds them. */
async function prepare(root: MountedRoot, origin: Origin, wholeSeconds: boolean): Promise<string> {
  const on = (dir: string) => inProcess({ root: join(dir, 'work'), plant: true, wholeSeconds });
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
