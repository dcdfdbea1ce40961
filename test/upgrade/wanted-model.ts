// Which paths flash has in upgrade mode, reckoned from what each step did to a plain directory and from what flash held when the mode began. It knows nothing of what the
// mount takes for wanted.
//   - What flash held is wanted, by its path, be it there or not.
//   - A directory that gets another path takes along what is wanted in it: that is wanted at both paths.
//   - What is above something wanted that is there is wanted.
//   - A wanted symlink may have what it leads to follow it to flash: where it led to something that flash has, which depends on when flash follows. So this is allowed and
//     not asked for; of a directory that it leads to, all that is below, though only the names that are wanted below the one before may come.
// Where no symlink is wanted, flash has exactly what is wanted and there.

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Branches } from './agreement.ts';

export interface Named {
  readonly ino: string;
  readonly isDir: boolean;
  /** Of a symlink. */
  readonly target: string | null;
}

/** All that is in a tree, by path. */
export type Names = Readonly<Record<string, Named>>;

const MOST_HOPS = 40;

export class WantedModel {
  readonly #wanted: Set<string>;
  /** What is wanted, and what is allowed. */
  readonly #allowed: Set<string>;

  /** `flash`: the tree on flash when the mode begins. */
  constructor(flash: string) {
    const held = listing(flash);
    this.#wanted = new Set(held);
    this.#allowed = new Set(held);
  }

  /** One step made `after` of `before`. */
  took(before: Names, after: Names): void {
    for (const paths of [this.#wanted, this.#allowed]) {
      takeAlong(paths, before, after);
      addAbove(paths, after);
    }
    for (let size = -1; size < this.#allowed.size;) {
      size = this.#allowed.size;
      for (const path of [...this.#allowed]) for (const other of ledTo(after, path)) this.#allowed.add(other);
      addAbove(this.#allowed, after);
    }
  }

  /** A line for each path that flash has and nobody wants, or lacks. */
  wrong({ flash, disk }: Branches): string[] {
    const has = new Set(listing(flash));
    const unwanted = [...has].filter((path) => !this.#allowed.has(path)).map((path) => `${path}: unwanted on flash`);
    const there = new Set(listing(disk));
    const lacking = [...this.#wanted].filter((path) => !has.has(path) && there.has(path));
    return [...unwanted, ...lacking.map((path) => `${path}: wanted, and not on flash`)];
  }
}

function takeAlong(paths: Set<string>, before: Names, after: Names): void {
  const now = new Map(Object.entries(after).map(([path, { ino }]) => [ino, path]));
  const along: string[] = [];
  for (const [path, { ino, isDir }] of Object.entries(before)) {
    const there = isDir ? now.get(ino) : undefined;
    if (there === undefined || there === path || !paths.has(path)) continue;
    along.push(there);
    for (const inside of Object.keys(before))
      if (above(inside) === path && paths.has(inside)) along.push(there + inside.slice(path.length));
  }
  for (const path of along) paths.add(path);
}

function addAbove(paths: Set<string>, names: Names): void {
  for (const path of [...paths]) if (path in names) for (let up = above(path); up !== ''; up = above(up)) paths.add(up);
}

/** What is on the way that the symlink at `path` leads, and below a directory at its end. */
function ledTo(names: Names, path: string): Set<string> {
  const met = new Set<string>();
  const target = names[path]?.target;
  if (target == null) return met;
  const todo = target.split('/');
  let at = above(path);
  for (let hops = 0; hops < MOST_HOPS;) {
    const name = todo.shift();
    if (name === undefined) break;
    if (name === '..' && at === '') return met;
    const next = name === '..' ? above(at) : join(at, name);
    if (next !== '' && !(next in names)) return met;
    const led = names[next]?.target;
    if (next !== '') met.add(next);
    if (led == null) at = next;
    else {
      hops++;
      todo.unshift(...led.split('/'));
    }
  }
  for (const other of Object.keys(names)) if (at === '' || other.startsWith(`${at}/`)) met.add(other);
  return met;
}

function above(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

function listing(dir: string): string[] {
  if (!existsSync(dir)) return [];
  return readdirSync(dir, { encoding: 'latin1', withFileTypes: true }).flatMap((entry) => {
    const below = entry.isDirectory() ? listing(join(dir, entry.name)) : [];
    return [entry.name, ...below.map((path) => join(entry.name, path))];
  });
}
