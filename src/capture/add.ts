// Captures on demand: paths, what symlinks lead to on their way and behind them, and all that is below. The mode has no say, nor have the
// rules about what is named; below a directory that they do not exclude, they have.

import type { ByteString } from '../bytes.ts';
import { ENOENT, errnoName } from '../errno.ts';
import { isDir, S_IFLNK } from '../tree/node.ts';
import type { DirNode, Node } from '../tree/node.ts';
import { DOTS, merge } from '../tree/merge.ts';
import { PathWalk } from '../tree/path-walk.ts';
import type { Tree } from '../tree/tree.ts';
import type { Capture } from './capture.ts';
import { LeftOuts, runPiece } from './chore.ts';
import type { Chore } from './chore.ts';
import type { Copies } from './copies.ts';
import type { Cause } from './journal.ts';

export interface Added {
  added: number;
  /** Was on flash before. */
  present: number;
  /** Left on disk, as the rules say. */
  excluded: number;
  readonly failed: LeftOuts;
}

export interface AddParts {
  readonly tree: Tree;
  readonly capture: Capture;
  readonly copies: Copies;
}

/** Copies that wait at most on behalf of a chore: requests have theirs beside. */
const MOST_WAITING = 512;

export class Add implements Chore {
  readonly #parts: AddParts;
  readonly #cause: Cause;
  readonly #done: (added: Added) => void;
  readonly #work: Iterator<unknown>;
  readonly #added: Added = { added: 0, present: 0, excluded: 0, failed: new LeftOuts() };
  readonly #underWay = new Set<Node>();
  #toVisit: number;
  #walked = false;
  over = false;

  /** `done` is called once all of it is on flash, or has been found not to come there. */
  constructor(parts: AddParts, paths: readonly ByteString[], cause: Cause, done: (added: Added) => void) {
    this.#parts = parts;
    this.#cause = cause;
    this.#done = done;
    this.#work = this.#all(paths);
    this.#toVisit = paths.length;
  }

  get left(): number {
    return this.#toVisit + this.#underWay.size;
  }

  step(): boolean {
    const { tree, copies } = this.#parts;
    const { hideDisk } = tree;
    const before = this.#walked;
    // What is added comes from what is hidden, in rehearse.
    tree.hideDisk = false;
    if (!this.#walked) this.#walked = runPiece(this.#work, () => copies.pending < MOST_WAITING);
    tree.hideDisk = hideDisk;
    if (!this.over && this.#walked && this.#underWay.size === 0) {
      this.over = true;
      this.#done(this.#added);
    }
    return !before && copies.pending < MOST_WAITING;
  }

  *#all(paths: readonly ByteString[]): Generator<void> {
    const { tree, capture } = this.#parts;
    for (const path of paths) {
      const top = this.#along(path, true);
      if (top !== null && isDir(top)) yield* this.#below(top, capture.excluded(top));
      if (top !== null) tree.unpin(top);
      this.#toVisit--;
      yield;
    }
  }

  /** Captures where `path` leads, which it gives pinned, and each symlink on the way; null: it leads nowhere. */
  #along(path: ByteString, named: boolean): Node | null {
    const { tree } = this.#parts;
    const walk = new PathWalk(tree, path);
    let led = walk.go();
    let dangling = false;
    while (!('err' in led) && led.node.kind === S_IFLNK) {
      led = walk.goOn(led);
      dangling = true;
    }
    for (const { node } of walk.hops) this.#one(node, named, named);
    const node = 'err' in led ? null : led.node;
    if (node !== null) this.#one(node, named, named);
    // A symlink is captured as it is, dangling too.
    else if ('err' in led && named && !(dangling && led.err === ENOENT))
      this.#added.failed.add(path, errnoName(led.err));
    if (node !== null) tree.pin(node);
    walk.release();
    return node;
  }

  *#below(top: DirNode, everything: boolean): Generator<void> {
    const { tree } = this.#parts;
    const open: DirNode[] = [top];
    tree.pin(top);
    for (let dir = open.pop(); dir !== undefined; dir = open.pop()) {
      const listing = merge(tree, dir);
      if (typeof listing === 'number') this.#added.failed.add(tree.path(dir), errnoName(listing));
      else {
        this.#toVisit += listing.length - DOTS;
        for (const name of listing.names.slice(DOTS)) {
          this.#toVisit--;
          const node = tree.lookup(dir, name);
          if (typeof node === 'number') continue;
          this.#one(node, everything, true);
          if (isDir(node)) {
            tree.pin(node);
            open.push(node);
          } else if (node.kind === S_IFLNK) this.#behind(tree.pathOf(dir, name));
          tree.release(node);
          yield;
        }
      }
      tree.unpin(dir);
    }
  }

  /** Captures what the symlink at `path` leads to. */
  #behind(path: ByteString): void {
    const target = this.#along(path, false);
    if (target !== null) this.#parts.tree.unpin(target);
  }

  /** `always`: whatever the rules say. `counts`: it was asked for, and not only led to. */
  #one(node: Node, always: boolean, counts: boolean): void {
    const { capture, tree } = this.#parts;
    if (this.#underWay.has(node)) return;
    if (capture.isComplete(node)) {
      if (counts) this.#added.present++;
      return;
    }
    if (!always && !capture.wants(node)) {
      if (counts) this.#added.excluded++;
      return;
    }
    this.#underWay.add(node);
    capture.add(node, this.#cause, (refused) => {
      this.#underWay.delete(node);
      if (refused === null) this.#added.added++;
      else this.#added.failed.add(tree.path(node), refused);
    });
  }
}
