// Chooses what a worker does next: what order rules are about. A Chooser uses few names again and again: it replaces files as dpkg does, moves
// directories while disk shows through them, has names go and come back as something else. A Mover touches each object once, so that it is on its way
// to flash at that very moment. Both know names only.

import { pick } from './random.ts';
import type { Random } from './random.ts';
import { apply, chain, isBelow, parentOf } from './steps.ts';
import type { Names, Step, Value } from './steps.ts';

const DIR_NAMES = ['d0', 'd1', 'd2', 'd3', 'd4'];
const FILE_NAMES = ['f0', 'f1', 'f2', 'f3', 'h0', 'h1', 'sub'];
const DEEPEST = 3;

export class Chooser {
  readonly names: Names;
  protected readonly random: Random;
  readonly #worker: string;
  #queued: Step[] = [];
  #made = 0;
  /** Directories whose names changed since the last sync. */
  #touched = new Set<string>();

  constructor(worker: string, names: Names, random: Random) {
    this.#worker = worker;
    this.names = names;
    this.random = random;
  }

  /** The next step, which is taken as done. */
  next(): Step {
    for (;;) {
      const step = this.#queued.shift();
      if (step === undefined) {
        this.#queued = this.#plan();
        continue;
      }
      for (const path of apply(this.names, step)) this.#touched.add(parentOf(path));
      if (step.kind === 'sync') for (const dir of step.dirs) this.#touched.delete(dir);
      return step;
    }
  }

  #plan(): Step[] {
    const steps = this.steps();
    // Every other thing is made durable, some of them with all that was left behind.
    if (steps.length > 0 && this.random(10) < 4) steps.push(...this.#syncAfter(steps, this.random(3) === 0));
    return steps;
  }

  protected steps(): Step[] {
    const what = this.random(100);
    if (what < 22) return this.#replace();
    if (what < 32) return this.#create();
    if (what < 40) return this.#append();
    if (what < 52) return this.#unlink();
    if (what < 62) return this.#renameFile();
    if (what < 67) return this.#link();
    if (what < 72) return this.#symlink();
    if (what < 76) return this.#exchange();
    if (what < 86) return this.#renameDirectory();
    if (what < 90) return this.#mkdir();
    if (what < 95) return this.#removeDirectory();
    const path = this.#some('file');
    return path === undefined ? [] : [{ kind: 'read', path }];
  }

  /** As dpkg does it. */
  #replace(): Step[] {
    const path = this.#some('file') ?? this.#free();
    if (path === undefined) return [];
    const temporary = `${path}.new`;
    if (this.names.has(temporary)) return [];
    return [
      { kind: 'create', path: temporary, id: this.id(), synced: true },
      { kind: 'rename', from: temporary, path },
    ];
  }

  #create(): Step[] {
    const path = this.#free();
    return path === undefined ? [] : [{ kind: 'create', path, id: this.id(), synced: this.random(4) > 0 }];
  }

  #append(): Step[] {
    const path = this.#some('file');
    return path === undefined ? [] : [{ kind: 'append', path, synced: this.random(4) > 0 }];
  }

  /** The name often comes back as another object at once. */
  #unlink(): Step[] {
    const path = this.#some('file', 'symlink');
    if (path === undefined) return [];
    const again: Step[][] = [
      [],
      [],
      [{ kind: 'create', path, id: this.id(), synced: true }],
      [{ kind: 'mkdir', path }],
      [{ kind: 'symlink', path, target: this.id() }],
    ];
    return [{ kind: 'unlink', path }, ...pick(this.random, again)];
  }

  #renameFile(): Step[] {
    const from = this.#some('file', 'symlink');
    const path = this.random(2) === 0 ? this.#free() : this.#some('file');
    if (from === undefined || path === undefined || this.#sameFile(from, path)) return [];
    return [{ kind: 'rename', from, path }];
  }

  #link(): Step[] {
    const from = this.#some('file');
    const path = this.#free();
    return from === undefined || path === undefined ? [] : [{ kind: 'link', from, path }];
  }

  #symlink(): Step[] {
    const path = this.#free();
    return path === undefined ? [] : [{ kind: 'symlink', path, target: this.id() }];
  }

  #exchange(): Step[] {
    const from = this.#some('file', 'dir');
    const path = this.#some('file', 'dir');
    if (from === undefined || path === undefined || from === path || this.#sameFile(from, path)) return [];
    return isBelow(path, from) || isBelow(from, path) ? [] : [{ kind: 'exchange', from, path }];
  }

  #renameDirectory(): Step[] {
    const from = this.#some('dir');
    const path = this.#free(DIR_NAMES);
    if (from === undefined || path === undefined || isBelow(path, from) || path === from) return [];
    const steps: Step[] = [{ kind: 'rename', from, path }];
    if (this.random(3) === 0) steps.push({ kind: 'mkdir', path: from });
    return steps;
  }

  #mkdir(): Step[] {
    const path = this.#free(DIR_NAMES);
    return path === undefined ? [] : [{ kind: 'mkdir', path }];
  }

  /** With all that is in it; then something new may take its name. */
  #removeDirectory(): Step[] {
    const path = this.#some('dir');
    if (path === undefined) return [];
    const inside = [...this.names].filter(([name]) => isBelow(name, path)).sort(([a], [b]) => (a < b ? 1 : -1));
    const steps: Step[] = [...inside, [path, { kind: 'dir' }] as [string, Value]].map(([name, { kind }]) => ({
      kind: kind === 'dir' ? 'rmdir' : 'unlink',
      path: name,
    }));
    if (this.random(2) === 0) steps.push({ kind: 'mkdir', path });
    return steps;
  }

  #syncAfter(steps: readonly Step[], all: boolean): Step[] {
    const wanted = all
      ? [...this.#touched]
      : steps.flatMap((step) => ('from' in step ? [parentOf(step.from), parentOf(step.path)] : [parentOf(step.path)]));
    // As it will be once the steps are done.
    const then = new Map(this.names);
    for (const step of steps) apply(then, step);
    const there = wanted.filter((dir) => dir === '' || then.get(dir)?.kind === 'dir');
    const dirs = new Set(there.flatMap(chain));
    return [{ kind: 'sync', path: '', dirs: [...dirs].sort((a, b) => b.length - a.length) }];
  }

  protected id(): string {
    return `${this.#worker}-${++this.#made}`;
  }

  #sameFile(a: string, b: string): boolean {
    const [one, other] = [this.names.get(a), this.names.get(b)];
    return a === b || (one?.kind === 'file' && other?.kind === 'file' && one.id === other.id);
  }

  #some(...kinds: readonly Value['kind'][]): string | undefined {
    const all = [...this.names].filter(([, { kind }]) => kinds.includes(kind));
    return all.length === 0 ? undefined : pick(this.random, all)[0];
  }

  #free(of = FILE_NAMES): string | undefined {
    const dirs = ['', ...[...this.names].filter(([, { kind }]) => kind === 'dir').map(([path]) => path)];
    for (let attempt = 0; attempt < 8; attempt++) {
      const dir = pick(this.random, dirs);
      const path = dir === '' ? pick(this.random, of) : `${dir}/${pick(this.random, of)}`;
      if (path.split('/').length <= DEEPEST && !this.names.has(path)) return path;
    }
    return undefined;
  }
}

export class Mover extends Chooser {
  readonly #untouched: string[];

  constructor(worker: string, names: Names, random: Random) {
    super(worker, names, random);
    this.#untouched = [...names.keys()].filter((path) => !path.includes('/'));
  }

  protected override steps(): Step[] {
    const from = this.#untouched.splice(this.random(this.#untouched.length), 1)[0];
    if (from === undefined) return super.steps();
    const isDirectory = this.names.get(from)?.kind === 'dir';
    const create = (path: string): Step => ({ kind: 'create', path, id: this.id(), synced: this.random(2) === 0 });
    switch (this.random(isDirectory ? 2 : 5)) {
      case 0:
      case 1:
        return [{ kind: 'rename', from, path: `${from}.moved` }];
      case 2:
        return [{ kind: 'unlink', path: from }, create(from)];
      case 3:
        return [
          { kind: 'link', from, path: `${from}.old` },
          create(`${from}.new`),
          { kind: 'rename', from: `${from}.new`, path: from },
        ];
      default:
        return [{ kind: 'append', path: from, synced: true }];
    }
  }
}
