// Changes in adversity: each is made once in each degree of a hindrance (room that lacks, a device that fails). It must come about as on a plain
// directory, or say why not and leave the tree as it was, also after a kill and a remount; without the hindrance it then comes about.

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import type { MountedRoot } from '../mounted-root.ts';
import { CHANGES, PLANTS } from './changes.ts';
import type { Dump } from './executor.ts';
import { Worker } from './workers.ts';

/** Makes long marks, so that they meet the end of a block. */
const TAIL = '-'.repeat(160);

export interface Hindrance {
  /** For messages, before the degree. */
  readonly what: string;
  readonly degrees: readonly number[];
  /** Before each change. */
  readonly hinder: (degree: number) => void;
  /** After each change, before the tree is looked at. */
  readonly relent?: () => void;
  /** Once and for all. */
  readonly end: () => void;
  /** What a change may be refused with. */
  readonly errors: readonly string[];
  /** Changes that flash's filesystem does not know. */
  readonly without?: RegExp;
  /** Directories that something was put into without changing them may show that all the same: their times could not be put back. */
  readonly timesMove?: boolean;
  /** What only removes must come about even so. */
  readonly allowsRemoval: boolean;
}

interface Trial {
  readonly name: string;
  readonly change: (typeof CHANGES)[string];
  readonly degree: number;
  readonly disk: string;
  readonly merged: string;
  readonly plain: string;
  before: Dump;
  /** What the change gave; null: success. */
  refused: string | null;
}

/** Makes each change in each hindrance, and says what was wrong. */
export class Trials {
  readonly #root: MountedRoot;
  readonly #hindrance: Hindrance;
  readonly #trials: Trial[] = [];
  readonly #wrong: string[] = [];

  constructor(root: MountedRoot, hindrance: Hindrance) {
    this.#root = root;
    this.#hindrance = hindrance;
    const nothing: Dump = { lines: [], inos: {} };
    for (const [name, change] of Object.entries(CHANGES).filter(([name]) => hindrance.without?.test(name) !== true))
      for (const degree of hindrance.degrees) {
        const dir = `${name.replaceAll(' ', '-')}-${degree}${TAIL}`;
        const [disk, merged, plain] = [`${root.disk}/${dir}`, `${root.mountpoint}/${dir}`, `${root.dir}/plain/${dir}`];
        for (const made of [disk, plain]) mkdirSync(made, { recursive: true });
        this.#trials.push({ name, change, degree, disk, merged, plain, before: nothing, refused: null });
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
    this.#hindrance.end();
    for (const trial of all) await this.#again(worker, trial);
    await root.restart('kill');
    await this.#compare(worker, 'with room, after kill');
    await root.stop();
    assert.deepEqual(await worker.dumps([root.disk], 'witness'), disk, 'disk was touched');
    assert.deepEqual([...this.#wrong, ...root.warnings], []);
  }

  /** The change while there is little room. */
  async #try(worker: Worker, trial: Trial): Promise<void> {
    const { change, degree, merged } = trial;
    this.#hindrance.hinder(degree);
    const [ran] = await worker.run([{ kind: 'run', steps: change.steps, root: merged }]);
    const failed = ran?.results?.find((result) => /^E[A-Z]/.test(result)) ?? null;
    if (failed !== null && !this.#hindrance.errors.includes(failed)) this.#say(trial, `gave ${failed}`);
    if (failed !== null && change.removes === true && this.#hindrance.allowsRemoval)
      this.#say(trial, `refused: ${failed}`);
    trial.refused = failed;
    this.#hindrance.relent?.();
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
    const wanted = this.#lines(expected, trial);
    const found = this.#lines(actual, trial);
    const missing = wanted.filter((line) => !found.includes(line)).map((line) => `- ${line}`);
    const extra = found.filter((line) => !wanted.includes(line)).map((line) => `+ ${line}`);
    if (missing.length + extra.length > 0) this.#say(trial, [`${when}:`, ...missing, ...extra].join('\n  '));
    if (trial.refused === null) return;
    for (const [path, ino] of Object.entries(trial.before.inos))
      if (actual?.inos[path] !== ino) this.#say(trial, `${when}: another number: ${path}`);
  }

  #say({ name, degree }: Trial, what: string): void {
    this.#wrong.push(`${name}, ${this.#hindrance.what} ${degree}: ${what}`);
  }

  // A directory that flash has no room for keeps its time when something that only disk has is removed from it.
  #lines(dump: Dump | undefined, { change }: Trial): string[] {
    const all = dump?.lines ?? [];
    if (change.removes !== true && this.#hindrance.timesMove !== true) return all;
    return all.map((line) => (/ #\d+ 4\d{4} /.test(line) ? line.replace(/ m\S+/, '') : line));
  }
}
