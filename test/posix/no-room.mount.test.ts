// Guards against changes that a full flash leaves half done. For each change, flash is filled until so many blocks (or inodes) are free: it must
// succeed as on a plain directory, or say ENOSPC and leave the tree as it was, also after a kill and a remount; with room it then succeeds.

import assert from 'node:assert/strict';
import { closeSync, ftruncateSync, mkdirSync, openSync, rmSync, statfsSync, statSync } from 'node:fs';
import { truncateSync, writeFileSync, writeSync } from 'node:fs';
import { syncfs } from '../../src/sys/io.ts';
import { image } from '../copy/images.ts';
import type { Image } from '../copy/images.ts';
import { MountedRoot, needsMount } from '../mounted-root.ts';
import type { Dump } from './executor.ts';
import { CHANGES, PLANTS } from './no-room.ts';
import { Worker } from './workers.ts';

const BLOCK = 1024;
/** Makes marks long, so that they meet the end of a block. */
const TAIL = '-'.repeat(160);
const FULL = /^(ENOSPC|EDQUOT)$/;

/** A file next to flash that takes what shall not be free. */
class Filler {
  readonly #image: Image;
  readonly #fd: number;

  constructor(of: Image) {
    this.#image = of;
    mkdirSync(`${of.dir}/inodes`);
    this.#fd = openSync(`${of.dir}/filler`, 'w');
  }

  /** Leaves exactly so many blocks free. */
  blocks(free: number): void {
    for (let attempt = 0; attempt < 100; attempt++) {
      // What was given back can be used once the journal has it.
      syncfs(this.#fd);
      const excess = statfsSync(this.#image.dir).bavail - free;
      if (excess === 0) return;
      const size = Math.max(0, statSync(`${this.#image.dir}/filler`).size + excess * BLOCK);
      if (excess < 0) ftruncateSync(this.#fd, size);
      else writeUpTo(this.#fd, size - excess * BLOCK, excess);
    }
    assert.fail(`cannot leave ${free} blocks free`);
  }

  /** Leaves exactly so many inodes free. */
  inodes(free: number): void {
    const { dir } = this.#image;
    for (let n = 0; statfsSync(dir).ffree > free; n++) writeFileSync(`${dir}/inodes/${n}`, '');
    for (let n = 0; statfsSync(dir).ffree < free; n++) rmSync(`${dir}/inodes/${n}`, { force: true });
    syncfs(this.#fd);
  }

  /** Makes room. */
  empty(): void {
    ftruncateSync(this.#fd, 0);
    rmSync(`${this.#image.dir}/inodes`, { recursive: true });
    syncfs(this.#fd);
  }

  close(): void {
    closeSync(this.#fd);
  }
}

function writeUpTo(fd: number, position: number, blocks: number): void {
  const chunk = Buffer.alloc(64 * BLOCK);
  try {
    for (let left = blocks; left > 0; left -= 64)
      writeSync(fd, chunk, 0, Math.min(left, 64) * BLOCK, position + (blocks - left) * BLOCK);
  } catch {
    // Full earlier than it said: the next look at what is free decides.
  }
}

interface Scarcity {
  readonly mkfs: readonly string[];
  readonly sizes: readonly number[];
  readonly fill: (filler: Filler, free: number, flash: string) => void;
  /** Marks have room: what only removes must succeed. */
  readonly marksFit: boolean;
}

const SCARCE: Readonly<Record<string, Scarcity>> = {
  'free blocks': {
    mkfs: ['-N', '16384'],
    sizes: [0, 1, 2, 3, 4, 5, 7, 9, 13],
    fill: (filler, free) => {
      filler.blocks(free);
    },
    marksFit: true,
  },
  'free blocks, and no room was put aside for marks': {
    mkfs: ['-N', '16384'],
    sizes: [0, 1, 2, 3, 5, 8],
    fill: (filler, free, flash) => {
      const marks = `${flash}/.rootsync/marks`;
      // To the size that it has: takes what lies beyond.
      truncateSync(marks, statSync(marks).size);
      filler.blocks(free);
    },
    marksFit: false,
  },
  'free inodes': {
    mkfs: ['-N', '2048'],
    sizes: [0, 1, 2, 3],
    fill: (filler, free) => {
      filler.inodes(free);
    },
    marksFit: true,
  },
};

interface Trial {
  readonly name: string;
  readonly change: (typeof CHANGES)[string];
  readonly free: number;
  readonly disk: string;
  readonly merged: string;
  readonly plain: string;
  before: Dump;
  /** What the change gave; null: success. */
  refused: string | null;
}

describe('a flash with little room', function () {
  this.timeout(300_000);
  needsMount();

  for (const [what, scarcity] of Object.entries(SCARCE))
    describe(what, () => {
      const flash = image('ext4', {
        size: '24M',
        inMemory: true,
        mkfs: ['-b', String(BLOCK), '-m', '0', ...scarcity.mkfs],
      });

      it('each change succeeds as a whole or not at all, whatever is left', async () => {
        mkdirSync(`${flash.dir}/flash`);
        await using root = new MountedRoot({ flash: `${flash.dir}/flash`, config: { mode: 'hold' } });
        const filler = new Filler(flash);
        try {
          await new Run(root, filler, scarcity).go();
        } finally {
          filler.close();
        }
      });
    });
});

class Run {
  readonly #root: MountedRoot;
  readonly #filler: Filler;
  readonly #scarcity: Scarcity;
  readonly #trials: Trial[] = [];
  readonly #wrong: string[] = [];

  constructor(root: MountedRoot, filler: Filler, scarcity: Scarcity) {
    this.#root = root;
    this.#filler = filler;
    this.#scarcity = scarcity;
    const nothing: Dump = { lines: [], inos: {} };
    for (const [name, change] of Object.entries(CHANGES))
      for (const free of scarcity.sizes) {
        const dir = `${name.replaceAll(' ', '-')}-${free}${TAIL}`;
        const [disk, merged, plain] = [`${root.disk}/${dir}`, `${root.mountpoint}/${dir}`, `${root.dir}/plain/${dir}`];
        for (const made of [disk, plain]) mkdirSync(made, { recursive: true });
        this.#trials.push({ name, change, free, disk, merged, plain, before: nothing, refused: null });
      }
  }

  async go(): Promise<void> {
    const root = this.#root;
    await using worker = new Worker();
    const all = this.#trials;
    for (const where of ['disk', 'plain'] as const)
      await worker.run(all.map((trial) => ({ kind: 'build', plants: PLANTS, root: trial[where] })));
    const disk = await worker.dumps([root.disk], 'witness');
    await root.start();
    for (const where of ['merged', 'plain'] as const)
      await worker.run(all.map(({ change, [where]: dir }) => ({ kind: 'run', steps: change.first ?? [], root: dir })));
    const before = await worker.dumps(all.map(({ merged }) => merged));
    for (const [i, trial] of all.entries()) trial.before = before[i] ?? trial.before;
    for (const trial of all) await this.#try(worker, trial);
    for (const how of ['kill', 'stop'] as const) {
      await root.restart(how);
      await this.#compare(worker, `after ${how}`);
    }
    this.#filler.empty();
    for (const trial of all) await this.#again(worker, trial);
    await root.restart('kill');
    await this.#compare(worker, 'with room, after kill');
    await root.stop();
    assert.deepEqual(await worker.dumps([root.disk], 'witness'), disk, 'disk was touched');
    assert.deepEqual([...this.#wrong, ...root.warnings], []);
  }

  /** The change while there is little room. */
  async #try(worker: Worker, trial: Trial): Promise<void> {
    const { change, free, merged } = trial;
    this.#scarcity.fill(this.#filler, free, this.#root.flash);
    const [ran] = await worker.run([{ kind: 'run', steps: change.steps, root: merged }]);
    const failed = ran?.results?.find((result) => /^E[A-Z]/.test(result)) ?? null;
    if (failed !== null && !FULL.test(failed)) this.#say(trial, `gave ${failed}`);
    if (failed !== null && change.removes === true && this.#scarcity.marksFit) this.#say(trial, `refused: ${failed}`);
    trial.refused = failed;
    if (failed === null) await worker.run([{ kind: 'run', steps: change.steps, root: trial.plain }]);
    await this.#compare(worker, failed ?? 'done', [trial]);
  }

  /** The change that was refused, with room. */
  async #again(worker: Worker, trial: Trial): Promise<void> {
    if (trial.refused === null) return;
    const task = { kind: 'run', steps: trial.change.steps } as const;
    const [expected, actual] = await worker.run([
      { ...task, root: trial.plain },
      { ...task, root: trial.merged },
    ]);
    if (expected?.results?.join() !== actual?.results?.join())
      this.#say(trial, `with room: ${actual?.results?.join() ?? ''} instead of ${expected?.results?.join() ?? ''}`);
    trial.refused = null;
  }

  async #compare(worker: Worker, when: string, trials: readonly Trial[] = this.#trials): Promise<void> {
    const expected = await worker.dumps(trials.map(({ plain }) => plain));
    const actual = await worker.dumps(trials.map(({ merged }) => merged));
    for (const [i, trial] of trials.entries()) this.#compareOne(trial, when, expected[i], actual[i]);
  }

  #compareOne(trial: Trial, when: string, expected?: Dump, actual?: Dump): void {
    const wanted = lines(expected, trial);
    const found = lines(actual, trial);
    const missing = wanted.filter((line) => !found.includes(line)).map((line) => `- ${line}`);
    const extra = found.filter((line) => !wanted.includes(line)).map((line) => `+ ${line}`);
    if (missing.length + extra.length > 0) this.#say(trial, [`${when}:`, ...missing, ...extra].join('\n  '));
    if (trial.refused === null) return;
    for (const [path, ino] of Object.entries(trial.before.inos))
      if (actual?.inos[path] !== ino) this.#say(trial, `${when}: another number: ${path}`);
  }

  #say({ name, free }: Trial, what: string): void {
    this.#wrong.push(`${name}, ${free} free: ${what}`);
  }
}

/** A directory that flash has no room for keeps its time when something that only disk has is removed from it. */
function lines(dump: Dump | undefined, { change }: Trial): string[] {
  const all = dump?.lines ?? [];
  return change.removes === true ? all.map((line) => line.replace(/ m\S+/, '')) : all;
}
