// Sequences of steps on the merged root and on a plain directory that starts as the same tree. Many sequences share a mount, each in a
// directory of its own; what differs is said of the sequence that it is in.

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { asBytes } from '../../src/bytes.ts';
import { Excludes } from '../../src/policy/excludes.ts';
import { MountedRoot } from '../mounted-root.ts';
import type { RootOptions } from '../mounted-root.ts';
import type { Mode } from '../../src/policy/mode.ts';
import { agreement } from '../upgrade/agreement.ts';
import { WantedModel } from '../upgrade/wanted-model.ts';
import type { Sequence, Step } from './steps.ts';
import type { TaskResult } from './executor-process.ts';
import { Worker } from './workers.ts';
import type { User } from './workers.ts';

/** What is done to the mount between the first and the second half of the steps, or at the end. */
export type Event = 'stop' | 'kill' | 'settle';

export interface Course extends RootOptions {
  /** Globs, relative to a sequence's directory: changes there go to disk. */
  readonly excluded?: readonly string[];
  /** Upgrade mode from the first step on: flash follows disk. */
  readonly upgrade?: boolean;
  /** Modes of the first and the second half of the steps; then the branches need not agree. */
  readonly modes?: readonly [Mode, Mode];
  readonly middle: readonly Event[];
  readonly end: readonly Event[];
  /** Who takes the steps; else root. */
  readonly user?: User;
}

/** What went differently: the number of the sequence, and what. */
export interface Difference {
  readonly at: number;
  readonly what: string;
}

export async function differences(sequences: readonly Sequence[], course: Course): Promise<Difference[]> {
  const { excluded = [] } = course;
  await using root = new MountedRoot({ ...course, config: { ...course.config, exclude: rulesOf(excluded).rules } });
  await using worker = new Worker();
  await using stepper = new Worker(course.user);
  const run = new Run(sequences, root, worker, stepper, excluded);
  // Awaited here: what it uses is disposed of when this function ends.
  return await run.go(course);
}

class Run {
  readonly #sequences: readonly Sequence[];
  readonly #root: MountedRoot;
  readonly #worker: Worker;
  readonly #stepper: Worker;
  readonly #excluded: readonly string[];
  readonly #excludes: Excludes;
  /** Where something was renamed, an excluded path may lead to another one of disk's. */
  readonly #renamed = new Set<number>();
  /** False: a directory may show others, since another branch shows it after a switch of modes, or something was captured when the daemon was killed. */
  #timesOfDirectories = true;
  /** In upgrade mode: what flash is to have of each sequence. */
  #models: readonly WantedModel[] = [];
  readonly #found: Difference[] = [];
  readonly #disk: string[];
  readonly #plain: string[];
  readonly #merged: string[];

  constructor(
    sequences: readonly Sequence[],
    root: MountedRoot,
    worker: Worker,
    stepper: Worker,
    excluded: readonly string[],
  ) {
    this.#sequences = sequences;
    this.#root = root;
    this.#worker = worker;
    this.#stepper = stepper;
    this.#excluded = excluded;
    this.#excludes = rulesOf(excluded);
    const below = (dir: string) => sequences.map((_, i) => join(dir, `s${i}`));
    this.#disk = below(root.disk);
    this.#plain = below(join(root.dir, 'plain'));
    this.#merged = below(root.mountpoint);
    for (const dir of [...this.#disk, ...this.#plain]) mkdirSync(dir, { recursive: true });
  }

  async go({ middle, end, upgrade = false, modes }: Course): Promise<Difference[]> {
    await this.#each([this.#disk, this.#plain], (sequence) => ({ kind: 'build', plants: sequence.plants }));
    const before = await this.#worker.dumps(this.#disk, 'witness');
    await this.#root.start();
    await this.#each([this.#merged], (sequence) => ({ kind: 'warm', paths: sequence.warm }));
    await this.#root.settle();
    const [first, second] = modes ?? [upgrade ? ('upgrade' as const) : undefined];
    this.#timesOfDirectories = modes === undefined;
    if (upgrade) this.#models = this.#sequences.map((_, at) => new WantedModel(join(this.#root.flash, `s${at}`)));
    if (first !== undefined) await this.#root.switchMode(first);
    await this.#steps('before', ({ before }) => before);
    if (second !== undefined) await this.#root.switchMode(second);
    for (const event of middle) await this.#happen(event);
    await this.#steps('after', ({ after }) => after);
    let inos = await this.#compare('at the end');
    for (const event of end) {
      await this.#happen(event);
      const now = await this.#compare(`after ${event}`);
      this.#sameInos(event, inos, now);
      inos = now;
    }
    if (upgrade) {
      await this.#root.settle();
      this.#inSync('at the end');
    }
    await this.#root.stop();
    if (upgrade || second !== undefined) return this.#withWarnings();
    const after = await this.#worker.dumps(this.#disk, 'witness');
    for (const [at, { lines }] of after.entries()) {
      if (this.#excluded.length > 0 && this.#renamed.has(at)) continue;
      const planted = before[at]?.lines ?? [];
      const touchable = new Set(planted.filter((line) => this.#isTouchable(line)).map(pathOf));
      const kept = (line: string): boolean => !touchable.has(pathOf(line)) && !this.#isExcluded(pathOf(line));
      // Which objects are one is numbered over all of them.
      const shown = (all: readonly string[]) => all.filter(kept).map((line) => line.replace(/ #\d+/, ''));
      // New on disk is also a directory that only flash had, with something excluded in it.
      const known = new Set(planted.map(pathOf));
      const now = this.#excluded.length > 0 ? lines.filter((line) => known.has(pathOf(line))) : lines;
      this.#lines(at, 'disk', shown(planted), shown(now));
    }
    return this.#withWarnings();
  }

  #withWarnings(): Difference[] {
    if (this.#root.warnings.length > 0) this.#found.push({ at: -1, what: this.#root.warnings.join('\n') });
    return this.#found;
  }

  /** The step, for the plain directory: as between two filesystems, where the merged root said so and may. */
  #told(sequence: Sequence, step: Step, result: string | undefined): Step {
    if (result !== 'EXDEV') return step;
    if (step.do === 'linkSlot') return { ...step, refused: true };
    if (step.do !== 'rename' && step.do !== 'link') return step;
    // What a path is below a symlink, its words do not say.
    const led = (step.path + step.to).includes('/') && hasSymlinks(sequence);
    const sameRoute = this.#isExcluded(step.path) === this.#isExcluded(step.to);
    return sameRoute && !led ? step : { ...step, refused: 'EXDEV' };
  }

  #isExcluded(path: string): boolean {
    return this.#excludes.decide(asBytes(`s0/${path}`)).excluded;
  }

  /** Both branches have the same where flash has anything, and flash has what is wanted. */
  #inSync(when: string): void {
    for (const line of agreement(this.#root))
      this.#found.push({ at: Number(/^s(\d+)/.exec(line)?.[1] ?? -1), what: `${when}: ${line}` });
    const { flash } = this.#root;
    for (const [at, model] of this.#models.entries())
      for (const line of model.wrong({ flash: join(flash, `s${at}`), disk: this.#disk[at] ?? '' }))
        this.#found.push({ at, what: `${when}: ${line}` });
  }

  async #happen(event: Event): Promise<void> {
    // A kill between a copy's publishing and its directory's time being put back leaves that one new.
    if (event === 'kill') this.#timesOfDirectories = false;
    await (event === 'settle' ? this.#root.settle() : this.#root.restart(event));
    if (this.#models.length > 0 && event !== 'kill') this.#inSync(`after ${event}`);
  }

  async #each(roots: readonly string[][], task: (sequence: Sequence) => Omit<TaskOf, 'root'>): Promise<void> {
    for (const dirs of roots)
      await this.#worker.run(dirs.map((root, at) => ({ ...task(this.#sequences[at]!), root }) as TaskOf));
  }

  async #steps(part: string, of: (sequence: Sequence) => readonly Step[]): Promise<void> {
    const run = (dirs: readonly string[], merged?: readonly TaskResult[]) =>
      this.#stepper.run(
        this.#sequences.map((sequence, at) => {
          const steps = of(sequence).map((step, i) => this.#told(sequence, step, merged?.[at]?.results?.[i]));
          const plain = merged !== undefined;
          // The machine may lack memory for a moment (seen once, on ext4): that says nothing of what a program is to get.
          return { kind: 'run', root: dirs[at] ?? '', steps, traced: plain && this.#models.length > 0, patient: plain };
        }),
      );
    const actual = await run(this.#merged);
    const expected = await run(this.#plain, actual);
    for (const [at, { trace = [] }] of expected.entries())
      for (const [i, before] of trace.slice(0, -1).entries()) this.#models[at]?.took(before, trace[i + 1] ?? before);
    for (const [at, sequence] of this.#sequences.entries())
      for (const [i, step] of of(sequence).entries()) {
        const wanted = this.#compared(expected[at]?.results?.[i] ?? '');
        const got = this.#compared(actual[at]?.results?.[i] ?? '');
        if (step.do === 'rename' && got === '0') this.#renamed.add(at);
        if (wanted === got) continue;
        this.#found.push({ at, what: `${part}[${i}] ${JSON.stringify(step)}\n  plain:  ${wanted}\n  merged: ${got}` });
        break;
      }
  }

  async #compare(when: string): Promise<Record<string, string>[]> {
    const expected = await this.#worker.dumps(this.#plain);
    const actual = await this.#worker.dumps(this.#merged);
    for (const [at, { lines }] of actual.entries()) this.#lines(at, when, expected[at]?.lines ?? [], lines);
    return actual.map(({ inos }) => inos);
  }

  #lines(at: number, when: string, expected: readonly string[], actual: readonly string[]): void {
    const [wanted, found] = [expected, actual].map((lines) => lines.map((line) => this.#compared(line))) as [
      string[],
      string[],
    ];
    const missing = wanted.filter((line) => !found.includes(line)).map((line) => `  - ${line}`);
    const extra = found.filter((line) => !wanted.includes(line)).map((line) => `  + ${line}`);
    if (missing.length + extra.length > 0)
      this.#found.push({ at, what: [`the tree ${when}:`, ...missing, ...extra].join('\n') });
  }

  /** What is compared of a line about an object. */
  #compared(line: string): string {
    return this.#timesOfDirectories || !/(^|#\d+ )4\d{4} /.test(line) ? line : line.replace(/ m\S+/, '');
  }

  /** Whether a line of a dump is of what may change on disk with what is excluded: a directory, or an object with several names. */
  #isTouchable(line: string): boolean {
    const [, , mode = ''] = line.split(' ');
    return this.#excluded.length > 0 && (/^4\d{4}$/.test(mode) || !line.includes(' n1 '));
  }

  #sameInos(event: Event, before: readonly Record<string, string>[], after: readonly Record<string, string>[]): void {
    for (const [at, inos] of after.entries())
      for (const [path, ino] of Object.entries(inos)) {
        const was = before[at]?.[path];
        if (was !== undefined && was !== ino)
          this.#found.push({ at, what: `${path}: number ${was} became ${ino} after ${event}` });
      }
  }
}

function pathOf(line: string): string {
  return line.split(' ')[0] ?? '';
}

function rulesOf(excluded: readonly string[]): Excludes {
  const rules = Excludes.compile(excluded.map((glob) => ({ glob: `/s*/${glob}`, source: 'option' })));
  assert.ok(rules instanceof Excludes);
  return rules;
}

type TaskOf = Parameters<Worker['run']>[0][number];

function hasSymlinks({ plants, before, after }: Sequence): boolean {
  return plants.some(({ kind }) => kind === 'symlink') || [...before, ...after].some((step) => step.do === 'symlink');
}
