// Sequences of steps on the merged root and on a plain directory that starts as the same tree. Many sequences share a mount, each in a
// directory of its own; what differs is said of the sequence that it is in.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { MountedRoot } from '../mounted-root.ts';
import type { RootOptions } from '../mounted-root.ts';
import type { Sequence, Step } from './steps.ts';
import { Worker } from './workers.ts';
import type { User } from './workers.ts';

/** What is done to the mount between the first and the second half of the steps, or at the end. */
export type Event = 'stop' | 'kill' | 'settle';

export interface Course extends RootOptions {
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
  await using root = new MountedRoot(course);
  await using worker = new Worker();
  await using stepper = new Worker(course.user);
  const run = new Run(sequences, root, worker, stepper);
  // Awaited here: what it uses is disposed of when this function ends.
  return await run.go(course);
}

class Run {
  readonly #sequences: readonly Sequence[];
  readonly #root: MountedRoot;
  readonly #worker: Worker;
  readonly #stepper: Worker;
  readonly #found: Difference[] = [];
  readonly #disk: string[];
  readonly #plain: string[];
  readonly #merged: string[];

  constructor(sequences: readonly Sequence[], root: MountedRoot, worker: Worker, stepper: Worker) {
    this.#sequences = sequences;
    this.#root = root;
    this.#worker = worker;
    this.#stepper = stepper;
    const below = (dir: string) => sequences.map((_, i) => join(dir, `s${i}`));
    this.#disk = below(root.disk);
    this.#plain = below(join(root.dir, 'plain'));
    this.#merged = below(root.mountpoint);
    for (const dir of [...this.#disk, ...this.#plain]) mkdirSync(dir, { recursive: true });
  }

  async go({ middle, end }: Course): Promise<Difference[]> {
    await this.#each([this.#disk, this.#plain], (sequence) => ({ kind: 'build', plants: sequence.plants }));
    const before = await this.#worker.dumps(this.#disk, 'witness');
    await this.#root.start();
    await this.#each([this.#merged], (sequence) => ({ kind: 'warm', paths: sequence.warm }));
    await this.#root.settle();
    await this.#steps('before', ({ before }) => before);
    for (const event of middle) await this.#happen(event);
    await this.#steps('after', ({ after }) => after);
    let inos = await this.#compare('at the end');
    for (const event of end) {
      await this.#happen(event);
      const now = await this.#compare(`after ${event}`);
      this.#sameInos(event, inos, now);
      inos = now;
    }
    await this.#root.stop();
    const after = await this.#worker.dumps(this.#disk, 'witness');
    for (const [at, { lines }] of after.entries()) this.#lines(at, 'disk', before[at]?.lines ?? [], lines);
    if (this.#root.warnings.length > 0) this.#found.push({ at: -1, what: this.#root.warnings.join('\n') });
    return this.#found;
  }

  #happen(event: Event): Promise<void> {
    return event === 'settle' ? this.#root.settle() : this.#root.restart(event);
  }

  async #each(roots: readonly string[][], task: (sequence: Sequence) => Omit<TaskOf, 'root'>): Promise<void> {
    for (const dirs of roots)
      await this.#worker.run(dirs.map((root, at) => ({ ...task(this.#sequences[at]!), root }) as TaskOf));
  }

  async #steps(part: string, of: (sequence: Sequence) => readonly Step[]): Promise<void> {
    const run = (dirs: readonly string[]) =>
      this.#stepper.run(
        this.#sequences.map((sequence, at) => ({ kind: 'run', root: dirs[at] ?? '', steps: of(sequence) })),
      );
    const expected = await run(this.#plain);
    const actual = await run(this.#merged);
    for (const [at, sequence] of this.#sequences.entries())
      for (const [i, step] of of(sequence).entries()) {
        const wanted = expected[at]?.results?.[i] ?? '';
        const got = actual[at]?.results?.[i] ?? '';
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
    const missing = expected.filter((line) => !actual.includes(line)).map((line) => `  - ${line}`);
    const extra = actual.filter((line) => !expected.includes(line)).map((line) => `  + ${line}`);
    if (missing.length + extra.length > 0)
      this.#found.push({ at, what: [`the tree ${when}:`, ...missing, ...extra].join('\n') });
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

type TaskOf = Parameters<Worker['run']>[0][number];
