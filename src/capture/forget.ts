// Drops copies from flash on demand, so that disk's objects show again and their next use captures them anew. Only what disk has as well, and
// what nobody has open; what was changed on flash only when that is meant. Directories go once nothing is left in them.

import { asBytes } from '../bytes.ts';
import type { ByteString } from '../bytes.ts';
import { ENOENT, ENOTEMPTY, errnoName } from '../errno.ts';
import { utimensAt } from '../sys/attr.ts';
import { rmdirat, unlinkat } from '../sys/link.ts';
import { newStat, statxAt } from '../sys/stat.ts';
import { DOTS, merge } from '../tree/merge.ts';
import type { MarkStore } from '../tree/mark-store.ts';
import { IN_FLASH } from '../tree/listing.ts';
import { CAPTURE_QUEUED, isDir, MULTI_LINK, SKIP_LOGGED } from '../tree/node.ts';
import type { DirNode, Node } from '../tree/node.ts';
import { PathWalk } from '../tree/path-walk.ts';
import type { LedNowhere } from '../tree/path-walk.ts';
import { standingOf } from '../tree/standing.ts';
import type { Tree } from '../tree/tree.ts';
import { LeftOuts, runPiece } from './chore.ts';
import type { Chore } from './chore.ts';
import type { Cause, Journal } from './journal.ts';

export interface Forgotten {
  forgotten: number;
  readonly kept: LeftOuts;
}

export interface ForgetParts {
  readonly tree: Tree;
  readonly marks: MarkStore;
  readonly journal: Journal;
  /** The kernel is to ask for it again. */
  readonly onForgotten: (node: Node, parent: DirNode, name: ByteString) => void;
}

const EMPTY = asBytes('');
const stat = newStat();

export class Forget implements Chore {
  readonly #parts: ForgetParts;
  readonly #force: boolean;
  readonly #cause: Cause;
  readonly #done: (forgotten: Forgotten) => void;
  readonly #work: Iterator<unknown>;
  readonly #forgotten: Forgotten = { forgotten: 0, kept: new LeftOuts() };
  over = false;
  left: number;

  /** `force`: what was changed on flash, too. */
  constructor(
    parts: ForgetParts,
    paths: readonly ByteString[],
    force: boolean,
    cause: Cause,
    done: (forgotten: Forgotten) => void,
  ) {
    this.#parts = parts;
    this.#force = force;
    this.#cause = cause;
    this.#done = done;
    this.#work = this.#all(paths);
    this.left = paths.length;
  }

  step(): boolean {
    const { tree } = this.#parts;
    const { hideDisk } = tree;
    tree.hideDisk = false;
    this.over = runPiece(this.#work, () => true);
    tree.hideDisk = hideDisk;
    if (this.over) this.#done(this.#forgotten);
    return true;
  }

  *#all(paths: readonly ByteString[]): Generator<void> {
    const { tree } = this.#parts;
    for (const path of paths) {
      this.left--;
      const walk = new PathWalk(tree, path);
      const led = walk.go();
      if ('err' in led) {
        this.#forgotten.kept.add(path, this.#whyNotThere(led));
        walk.release();
        continue;
      }
      tree.pin(led.node);
      walk.release();
      const { parent, node, name } = led;
      if (parent !== null && !standingOf(tree, parent, name).onFlash)
        this.#forgotten.kept.add(path, 'it is not on flash');
      else yield* this.#drop(node, parent, name);
      tree.unpin(node);
      yield;
    }
  }

  #whyNotThere({ err, parent, name }: LedNowhere): string {
    if (err !== ENOENT) return errnoName(err);
    return standingOf(this.#parts.tree, parent, name).removed
      ? 'it was removed, and is to stay so: this brings nothing back'
      : 'there is no such path';
  }

  /** What is below first. `parent` is null for the root. */
  *#drop(node: Node, parent: DirNode | null, name: ByteString): Generator<void> {
    const { tree } = this.#parts;
    const left = this.#forgotten.kept.count;
    if (isDir(node) && node.dir.flash !== null) {
      const listing = merge(tree, node);
      if (typeof listing === 'number') {
        this.#forgotten.kept.add(tree.path(node), errnoName(listing));
        return;
      }
      this.left += listing.length - DOTS;
      for (let i = DOTS; i < listing.length; i++) {
        this.left--;
        if ((listing.where[i]! & IN_FLASH) === 0) continue;
        const child = tree.lookup(node, listing.names[i]!);
        if (typeof child === 'number') continue;
        tree.pin(child);
        yield* this.#drop(child, node, listing.names[i]!);
        tree.unpin(child);
        yield;
      }
    }
    if (parent === null || (isDir(node) && this.#forgotten.kept.count > left)) return;
    const refusal = this.#refusal(node, parent, name);
    if (refusal !== undefined) this.#forgotten.kept.add(tree.pathOf(parent, name), refusal);
    else this.#one(node, parent, name);
  }

  #refusal(node: Node, parent: DirNode, name: ByteString): string | undefined {
    const { onDisk, another, differs } = standingOf(this.#parts.tree, parent, name);
    if (!onDisk) return 'disk does not have it: rm would remove it';
    if (node.open !== null) return 'it is open';
    if (node.has(CAPTURE_QUEUED)) return 'it is being copied';
    if (another && isDir(node)) return "it is another directory than disk's: rm would remove it";
    if (this.#force) return undefined;
    if (another) return "it is another object than disk's (--force drops it all the same)";
    if (differs.length > 0) return `it was changed on flash: ${differs.join(', ')} (--force drops it all the same)`;
    return undefined;
  }

  #one(node: Node, parent: DirNode, name: ByteString): void {
    const { tree, marks, journal, onForgotten } = this.#parts;
    // Its other names on flash must be known: they keep what this one had.
    if (node.has(MULTI_LINK)) for (const path of marks.marks.paths(node.inoLo, node.inoHi)) tree.walk(path);
    const err = tree.shownBefore.unchanged(parent, () => this.#take(node, parent, name));
    if (err === ENOTEMPTY) return;
    if (err < 0) {
      this.#forgotten.kept.add(tree.pathOf(parent, name), errnoName(err));
      return;
    }
    // A crash before these leaves marks of what flash does not have. Nothing is hidden by them.
    marks.forget(parent, name);
    tree.nameLost(node, parent, name);
    node.flags &= ~SKIP_LOGGED;
    this.#forgotten.forgotten++;
    journal.forgotten(node, parent, name, this.#cause);
    onForgotten(node, parent, name);
  }

  /** Takes the name from flash; its directory's times are as before. */
  #take(node: Node, parent: DirNode, name: ByteString): number {
    const { tree } = this.#parts;
    if (parent.dir.flash === null) return ENOENT;
    const dirfd = tree.flash.fd(parent.dir.flash);
    const err = dirfd < 0 ? dirfd : statxAt(dirfd, EMPTY, stat);
    if (err < 0) return err;
    const { atime, atimeNsec, mtime, mtimeNsec } = stat;
    const gone = isDir(node) ? rmdirat(dirfd, name) : unlinkat(dirfd, name);
    if (gone >= 0) utimensAt(dirfd, EMPTY, atime, atimeNsec, mtime, mtimeNsec);
    return gone;
  }
}
