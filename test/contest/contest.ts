// Several processes at once on one merged root: what is planted on disk, who takes part, what happens to the mount meanwhile, and what must be
// true when all have stopped.

import assert from 'node:assert/strict';
import { fork, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { linkSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { within } from '../mounted-root.ts';
import type { MountedRoot } from '../mounted-root.ts';
import type { Dump } from '../posix/executor.ts';
import type { Sequence } from '../posix/steps.ts';
import { Worker } from '../posix/workers.ts';
import { run } from '../workloads/programs.ts';
import { idOf } from './contender.ts';
import type { Orders, Report } from './contender-process.ts';
import { MAPS, PLANTED } from './maps.ts';
import { KINDS, PRIZES } from './prizes.ts';
import { EXCHANGED, READ_ONLY, STEADY, version, WHOLE } from './wholes.ts';

const PROCESS = new URL('./contender-process.js', import.meta.url);
const LIMIT_MS = 240_000;
const EVERY_MS = 100;
const ROLES = ['rival', 'rival', 'rival', 'reader', 'mover'] as const;
const SYNC_ALL = String.raw`
import os, stat, sys
for path, dirs, files in os.walk(sys.argv[1]):
    for name in files + ['.']:
        full = os.path.join(path, name)
        if not stat.S_ISREG(os.lstat(full).st_mode) and name != '.': continue
        fd = os.open(full, os.O_RDONLY)
        os.fsync(fd)
        os.close(fd)
`;

export interface Contest {
  readonly seed: number;
  readonly rounds: number;
  /** Taken by one who has a directory of his own, which others move. */
  readonly sequences: readonly Sequence[];
}

/** Fills `work`, a directory on disk. */
function plant(work: string): void {
  const at = (...names: string[]) => join(work, ...names);
  for (const dir of ['contested/a/b', 'contested/b', 'contested/c/c/c', 'prizes', 'steady', 'read-only'])
    mkdirSync(at(dir), { recursive: true });
  for (const [n, name] of ['a/a', 'a/b/c', 'a/b/d', 'b/a', 'b/d', 'c/c/c/b', 'd'].entries()) {
    writeFileSync(at('contested', name), idOf('disk', n).padEnd(5000 * (n + 1), 'o'));
    if (n % 2 === 0) linkSync(at('contested', name), at('contested', `c/${'abd'[n / 2] ?? 'c/d'}`));
  }
  for (const [n, name] of WHOLE.entries()) {
    mkdirSync(at('whole'), { recursive: true });
    writeFileSync(at('whole', name), version(n));
  }
  for (const [n, name] of EXCHANGED.entries()) {
    mkdirSync(at('whole', name));
    writeFileSync(at('whole', name, 'id'), String(n));
  }
  for (let n = 0; n < STEADY; n++) writeFileSync(at('steady', `s${n}`), '');
  for (let n = 0; n < READ_ONLY; n++) writeFileSync(at('read-only', `r${n}`), version(n));
  for (let n = 0; n < PRIZES; n++) for (const kind of 'um') writeFileSync(at('prizes', `${kind}${n}`), kind);
  for (const dir of ['here/own', 'here/maps', 'other/one/two']) mkdirSync(at('moving', dir), { recursive: true });
  for (const name of PLANTED) writeFileSync(at('moving/here/maps', name), 'o'.repeat(12_288));
}

/** Plants, mounts, lets all compete, and fails with all that was wrong. */
export async function hold(root: MountedRoot, { seed, rounds, sequences }: Contest): Promise<void> {
  await using worker = new Worker();
  const disk = join(root.disk, 'work');
  const merged = join(root.mountpoint, 'work');
  const plain = join(root.dir, 'plain');
  plant(disk);
  const own = (dir: string) => sequences.map((_, n) => join(dir, `q${n}`));
  const owned = own(join(disk, 'moving/here/own'));
  for (const dir of [...owned, ...own(plain)]) mkdirSync(dir, { recursive: true });
  for (const dirs of [owned, own(plain)])
    await worker.run(dirs.map((dir, n) => ({ kind: 'build', root: dir, plants: sequences[n]?.plants ?? [] })));
  const [before] = await worker.dumps([root.disk], 'witness');
  await root.start();

  const steps = (dir: string) =>
    own(dir).flatMap((one, n) => {
      const { before: first, after } = sequences[n] ?? { before: [], after: [] };
      return [first, after].map((part) => ({ kind: 'run', root: one, steps: part }) as const);
    });
  const expected = await worker.run(steps(plain));
  // Wherever `own` is moved to: the directory of this process.
  const anchor = spawn('sleep', ['1000'], { cwd: join(merged, 'moving/here/own') });
  let taken: typeof expected = [];
  let wrong: string[];
  try {
    const over = new AbortController();
    const owner = worker.run(steps(`/proc/${anchor.pid}/cwd`), LIMIT_MS).then((results) => (taken = results));
    const maps = run(['python3', '-c', MAPS, String(seed)], join(merged, 'moving/here/maps'), LIMIT_MS);
    const reports = ROLES.map((role, who) => compete({ root: merged, who, seed, rounds, role }));
    const events = happen(root, over.signal);
    const all = await Promise.all(reports);
    await Promise.all([owner, maps]);
    over.abort();
    await events;
    wrong = judge(all);
  } finally {
    const gone = once(anchor, 'exit');
    anchor.kill();
    await gone;
  }
  for (const [at, { results }] of expected.entries())
    for (const [i, wanted] of (results ?? []).entries())
      if (taken[at]?.results?.[i] !== wanted)
        wrong.push(`own ${at}, step ${i}: plain ${wanted}, merged ${taken[at]?.results?.[i] ?? 'nothing'}`);
  assert.deepEqual([...root.warnings, ...wrong], []);

  const [around] = await worker.dumps([join(merged, 'moving/here/own')]);
  const [wantedAround] = await worker.dumps([plain]);
  same('beside the own', Object.keys(around?.inos ?? {}), Object.keys(wantedAround?.inos ?? {}));
  const wanted = await worker.dumps(own(plain));
  for (const [n, dump] of (await worker.dumps(own(join(merged, 'moving/here/own')))).entries())
    same(`own ${n}`, dump.lines, wanted[n]?.lines ?? []);
  await endures(root, worker, merged);
  await root.stop();
  const [after] = await worker.dumps([root.disk], 'witness');
  same('disk', after?.lines ?? [], before?.lines ?? []);
  assert.deepEqual(root.warnings, []);
}

/** The tree as all left it, with the right link counts, is that after a kill, since all is synced, and after a remount. */
async function endures(root: MountedRoot, worker: Worker, merged: string): Promise<void> {
  const [tree] = await worker.dumps([merged]);
  assert.ok(tree);
  assert.deepEqual(miscounted(tree), [], 'link counts');
  await run(['python3', '-c', SYNC_ALL, merged]);
  for (const how of ['kill', 'stop'] as const) {
    await root.restart(how);
    const [again] = await worker.dumps([merged]);
    assert.ok(again);
    same(`after ${how}`, again.lines, tree.lines);
    assert.deepEqual(again.inos, tree.inos, `inode numbers after ${how}`);
  }
}

async function compete(orders: Orders): Promise<Report> {
  const child: ChildProcess = fork(PROCESS, [], { execArgv: ['--no-warnings'] });
  const gone = once(child, 'exit');
  const answered = new Promise<Report>((resolve, reject) => {
    child.once('message', resolve);
    child.once('exit', (status, signal) => {
      reject(new Error(`${orders.role} ${orders.who} ended: ${signal ?? String(status)}`));
    });
  });
  child.send(orders);
  try {
    return await within(`${orders.role} ${orders.who}`, answered, LIMIT_MS);
  } finally {
    child.kill('SIGKILL');
    await gone;
  }
}

/** The kernel forgets what it knows, captures are hurried, and the user takes captured files off flash. */
async function happen(root: MountedRoot, over: AbortSignal): Promise<void> {
  for (let n = 0; !over.aborted; n++) {
    await pause(EVERY_MS);
    writeFileSync('/proc/sys/vm/drop_caches', '2');
    if (n % 5 === 0) await root.settle();
    for (let file = n % 4; file < READ_ONLY; file += 4)
      rmSync(join(root.flash, `work/read-only/r${file}`), { force: true });
  }
}

/** What the reports say, and what they say of each other. */
function judge(reports: readonly Report[]): string[] {
  const wrong = reports.flatMap((report) => [...report.wrong]);
  const numbers = new Map<string, string>();
  for (const report of reports)
    for (const [object, number] of report.numbers) {
      const known = numbers.get(object) ?? number;
      if (known !== number) wrong.push(`${object} was seen as ${known} and as ${number}`);
      numbers.set(object, number);
    }
  for (const kind of KINDS) {
    const got = reports.reduce((sum, { prizes }) => sum + (prizes[kind] ?? 0), 0);
    if (got !== PRIZES) wrong.push(`${got} of ${PRIZES} prizes of kind ${kind} were got`);
  }
  return wrong;
}

/** Files that show another number of links than they have names. */
function miscounted({ lines, inos }: Dump): string[] {
  const names = new Map<string, number>();
  for (const ino of Object.values(inos)) names.set(ino, (names.get(ino) ?? 0) + 1);
  return lines.filter((line) => {
    const shown = / n(\d+) s/.exec(line)?.[1];
    const path = line.slice(0, line.indexOf(' #'));
    return shown !== undefined && Number(shown) !== names.get(inos[path] ?? '');
  });
}

function same(what: string, actual: readonly string[], expected: readonly string[]): void {
  const differ = [
    ...expected.filter((line) => !actual.includes(line)).map((line) => `- ${line}`),
    ...actual.filter((line) => !expected.includes(line)).map((line) => `+ ${line}`),
  ];
  assert.equal(differ.length, 0, `${what}: ${differ.length} lines differ\n${differ.slice(0, 20).join('\n')}`);
}
