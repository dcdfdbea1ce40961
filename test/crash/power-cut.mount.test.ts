// Power cuts: programs work in the merged root while every write to flash's device is recorded; then the device is rebuilt as it would be found
// had the power gone at random moments. Guards against files that are published before they are durable, against removed names that come
// back or take disk's older object along, against changes that were synced and are lost, against half a rename, and against marks that do not
// fit the tree. SEED=7 RUNS=200 FLASH=btrfs repeats or extends it.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { rootsync } from '../cli/rootsync.ts';
import { MountedRoot, needsMount } from '../mounted-root.ts';
import type { FsckReport } from '../../src/report/fsck.ts';
import { begin, run } from '../workloads/programs.ts';
import { HOME, LIBRARY, plantLibrary, plantMover, plantWorker } from './disk-tree.ts';
import { History } from './history.ts';
import type { Observed } from './history.ts';
import { pick, random } from './random.ts';
import type { Random } from './random.ts';
import { complaints, Mount, Recording } from './recording.ts';
import type { Filesystem } from './recording.ts';
import { Replay } from './replay.ts';
import type { Cut } from './replay.ts';
import type { Names } from './steps.ts';
import type { Seen } from './view-process.ts';
import type { WorkOrder } from './worker-process.ts';
import { SEED } from '../seed.ts';

/** Cuts of each filesystem; the control has a third of them. */
const RUNS = Number(process.env['RUNS'] ?? 9);
/** A directory to keep the image and disk of a cut that fails, for a look at them. */
const KEEP = process.env['KEEP'];
const FLASHES = (process.env['FLASH'] ?? 'ext4,xfs,btrfs').split(',') as Filesystem[];
const WORKERS = ['w0', 'w1', 'w2'];
const MOVER = 'm0';
/** Objects that the mover finds. */
const OBJECTS = 200;
const STEPS = Number(process.env['STEPS'] ?? 150);
/** Between two bursts of reading, at most; ms. */
const REST = 300;
/** How many times longer than usual all may take: on an emulated machine, for instance. */
const PATIENCE = Number(process.env['PATIENCE'] ?? 1);
const LIMIT_MS = PATIENCE * 100_000;

const NODE = [process.execPath, '--no-warnings'];
const script = (name: string): string => fileURLToPath(new URL(`./${name}.js`, import.meta.url));

/** All that there is to know when cuts are judged. */
interface Recorded {
  /** '': there is none, the work was done on the filesystem itself. */
  readonly disk: string;
  /** Records before the work. */
  readonly first: number;
  readonly histories: ReadonlyMap<string, History>;
  /** What is only read, as it must always be. */
  readonly library: readonly Seen[];
}

async function view(dir: string): Promise<Seen[]> {
  return JSON.parse(await run([...NODE, script('view-process'), dir], '/', LIMIT_MS)) as Seen[];
}

/** Has the workers and the reader do their work in `top`, while flash is recorded. */
async function work(recording: Recording, dir: string, disk: string, top: string, plan: Plan): Promise<Recorded> {
  const first = Number(readFileSync(recording.position, 'latin1'));
  const journal = (worker: string): string => join(dir, `journal-${worker}`);
  const orders = [...plan.names].map(([name, all], i): WorkOrder => ({
    name,
    kind: name === MOVER ? 'mover' : 'chooser',
    seed: SEED * 31 + i,
    steps: STEPS,
    dir: join(top, HOME, name),
    journal: journal(name),
    position: recording.position,
    names: [...all],
  }));
  const reader = [script('reader-process'), join(top, LIBRARY), String(SEED), String(REST)];
  const running = [
    ...orders.map((order) => begin([...NODE, script('worker-process'), JSON.stringify(order)], '/', LIMIT_MS)),
    begin([...NODE, ...reader], '/', LIMIT_MS),
  ];
  for (const { status, stderr } of await Promise.all(running.map(({ ended }) => ended)))
    assert.equal(status, 0, stderr);
  const histories = new Map([...plan.names].map(([name, start]) => [name, new History(journal(name), start)]));
  return { disk, first, histories, library: plan.library };
}

/** What there is before the work. */
interface Plan {
  readonly names: ReadonlyMap<string, Names>;
  readonly library: readonly Seen[];
}

async function plant(dir: string): Promise<Plan> {
  const names = new Map<string, Names>(WORKERS.map((worker) => [worker, plantWorker(dir, worker)]));
  names.set(MOVER, plantMover(dir, MOVER, OBJECTS));
  plantLibrary(dir);
  return { names, library: (await view(dir)).filter(isStatic) };
}

/** On a merged root; then its daemon is killed. */
async function workMerged(recording: Recording, dir: string): Promise<Recorded> {
  const disk = join(dir, 'disk');
  const plan = await plant(disk);
  await recording.start();
  await using root = await new MountedRoot({ base: dir, flash: recording.dir, disk }).start();
  const recorded = await work(recording, dir, disk, root.mountpoint, plan);
  assert.deepEqual(root.warnings, []);
  await root.kill();
  return recorded;
}

/** On the filesystem itself, as the control. */
async function workPlain(recording: Recording, dir: string): Promise<Recorded> {
  await recording.start();
  const plan = await plant(recording.dir);
  await run(['sync', '-f', recording.dir]);
  return work(recording, dir, '', recording.dir, plan);
}

function isStatic({ path }: Seen): boolean {
  return !path.startsWith(`${HOME}/`) && path !== 'lost+found';
}

function describeStatic({ path, kind, mode, hash, target, mtime }: Seen): string {
  return `${path} ${kind} ${mode.toString(8)} ${hash} ${target} ${kind === 'dir' ? '' : mtime}`;
}

function judgeStatic(seen: readonly Seen[], library: readonly Seen[]): string[] {
  const there = new Set(seen.filter(isStatic).map(describeStatic));
  const wanted = new Set(library.map(describeStatic));
  return [
    ...[...wanted].filter((one) => !there.has(one)).map((one) => `missing: ${one}`),
    ...[...there].filter((one) => !wanted.has(one)).map((one) => `instead: ${one}`),
  ];
}

function observedOf(seen: readonly Seen[], top: string): Map<string, Observed> {
  const found = new Map<string, Observed>();
  for (const { path, kind, ino, target, content } of seen)
    if (path.startsWith(`${top}/`))
      found.set(path.slice(top.length + 1), { kind, ino, target, content: Buffer.from(content, 'base64') });
  return found;
}

/** What is wrong with the tree that is found after a cut. */
function judgeTree(type: Filesystem, seen: readonly Seen[], { position }: Cut, recorded: Recorded): string[] {
  const { histories, library } = recorded;
  // An fsync on btrfs and f2fs brings one file to the device ahead of all else.
  const ordered = type !== 'btrfs' && type !== 'f2fs';
  const wrong = judgeStatic(seen, library);
  for (const [worker, history] of histories)
    for (const what of history.judge(position, observedOf(seen, `${HOME}/${worker}`), ordered))
      wrong.push(`${worker}: ${what}`);
  return wrong;
}

async function judgeMerged(
  flash: string,
  dir: string,
  type: Filesystem,
  cut: Cut,
  recorded: Recorded,
): Promise<string[]> {
  const { disk } = recorded;
  await using root = await new MountedRoot({ base: dir, flash, disk, config: { mode: 'hold' } }).start();
  const wrong: string[] = [];
  try {
    wrong.push(...judgeTree(type, await view(root.mountpoint), cut, recorded));
  } catch (error) {
    wrong.push(String(error));
  }
  wrong.push(...root.warnings);
  await root.stop();
  const { stdout, stderr } = await rootsync(['fsck', '--flash', flash, '--disk', disk, '--json']);
  if (stdout === '') return [...wrong, stderr];
  for (const { kind, path, detail, fault } of (JSON.parse(stdout) as FsckReport).findings)
    if (fault) wrong.push(`fsck: ${kind} ${path} ${detail}`);
  return wrong;
}

async function judge(image: string, type: Filesystem, dir: string, cut: Cut, recorded: Recorded): Promise<string[]> {
  const wrong: string[] = [];
  {
    using flash = new Mount(type, image, join(dir, 'cut-mounted'), 'loop');
    wrong.push(
      ...(recorded.disk === ''
        ? judgeTree(type, await view(flash.dir), cut, recorded)
        : await judgeMerged(flash.dir, dir, type, cut, recorded)),
    );
  }
  const unclean = complaints(type, image);
  return unclean === '' ? wrong : [...wrong, unclean];
}

function chooseCuts(number: number, first: number, records: number, dice: Random): Cut[] {
  const survivors = [0, 4, 4, 8];
  const cuts = Array.from({ length: number }, () => ({
    position: first + dice(records + 1 - first),
    survive: pick(dice, survivors),
  }));
  return cuts.sort((a, b) => a.position - b.position);
}

async function judgeCuts(recording: Recording, dir: string, recorded: Recorded): Promise<string[]> {
  using replay = new Replay(recording.base, recording.log, join(dir, 'state'));
  assert.ok(replay.flushes > WORKERS.length, 'nothing was ever flushed');
  const dice = random(SEED);
  const bad: string[] = [];
  const image = join(dir, 'cut');
  const number = recorded.disk === '' ? Math.ceil(RUNS / 3) : RUNS;
  for (const cut of chooseCuts(number, recorded.first, replay.records, dice)) {
    replay.make(cut, dice, image);
    const wrong = await judge(image, recording.type, dir, cut, recorded);
    if (wrong.length > 0) {
      bad.push(`cut at ${cut.position} of ${replay.records}, ${cut.survive}/8 survive:`, ...wrong);
      if (KEEP !== undefined)
        await run(['cp', '-a', '--sparse=always', image, ...(recorded.disk === '' ? [] : [recorded.disk]), KEEP]);
    }
    rmSync(image);
  }
  return bad;
}

describe('power cuts', function () {
  this.timeout(PATIENCE * 10 * 60_000);
  needsMount();

  const placesOfWork = { 'merged root over': workMerged, plain: workPlain };
  for (const [where, doWork] of Object.entries(placesOfWork))
    for (const type of FLASHES)
      it(`leave nothing lost, torn or back on a ${where} ${type}: SEED=${SEED}`, async () => {
        const dir = mkdtempSync(join(tmpdir(), 'cut-'));
        try {
          await using recording = new Recording(type, dir);
          const recorded = await doWork(recording, dir);
          await recording.stop();
          assert.deepEqual(await judgeCuts(recording, dir, recorded), []);
        } catch (error) {
          // Of an error that one at the end has hidden, both are told.
          throw error instanceof Error && 'suppressed' in error ? new Error(inspect(error)) : error;
        } finally {
          rmSync(dir, { recursive: true, force: true });
        }
      });
});
