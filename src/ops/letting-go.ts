// Dropping every reference to disk, so that it can be unmounted: what is known of it is remembered, descriptors are closed. Begins once the mode is
// rehearse, so that nothing new of disk is opened. Files that are open from disk are told; with `force` they are cut, and give EIO.

import { asBytes, join } from '../bytes.ts';
import type { ByteString } from '../bytes.ts';
import { BranchMemory } from '../branch/branch-memory.ts';
import { runPiece } from '../capture/chore.ts';
import type { Chore } from '../capture/chore.ts';
import type { Cause } from '../capture/journal.ts';
import { EIO, ENODEV, ENOTCONN, ETIMEDOUT } from '../errno.ts';
import { newStat } from '../sys/stat.ts';
import { DOTS, merge } from '../tree/merge.ts';
import { isDir, MOUNTED_ON, S_IFLNK, S_IFREG } from '../tree/node.ts';
import type { DirNode, Node } from '../tree/node.ts';
import type { Tree } from '../tree/tree.ts';
import { giveUpAhead } from './ahead.ts';
import type { Engine } from './engine.ts';

export interface Held {
  /** Without a leading slash; '' where it has no name any more. */
  readonly path: ByteString;
  /** The kernel reads it by itself: it cannot be cut. */
  readonly passedThrough: boolean;
}

/** `gone`: nothing refers to disk any more. */
export interface LetGo {
  readonly gone: boolean;
  /** Open from disk; cut, where it is gone. */
  readonly held: readonly Held[];
}

export interface LettingGoParts {
  readonly engine: Engine;
  /** Work is under way that needs disk: copies, mirrors, reads in other threads. The one place to ask. */
  readonly needsDisk: () => boolean;
  /** Closes what is kept open on disk beside what the engine has. */
  readonly closeOthers: () => void;
}

const SELF = asBytes('');
/** What a device or a server that has gone gives, or one that was waited for in vain. */
const LOST: ReadonlySet<number> = new Set([EIO, ETIMEDOUT, ENOTCONN, ENODEV]);
const stat = newStat();

export class LettingGo implements Chore {
  readonly #parts: LettingGoParts;
  readonly #force: boolean;
  readonly #done: (answer: LetGo) => void;
  readonly #memory = new BranchMemory();
  readonly #work: Iterator<unknown>;
  over = false;
  readonly left = 1;
  /** Disk answers no more, and whoever asked for this does without: each further question would only be another wait. */
  #lost: boolean;

  constructor(parts: LettingGoParts, force: boolean, cause: Cause, done: (answer: LetGo) => void) {
    this.#parts = parts;
    this.#force = force;
    this.#done = done;
    this.#lost = parts.engine.tree.disk.silent;
    this.#work = this.#remember();
    if (this.#lost) return;
    // A socket or fifo that is in use is found by its name, and must go on being found: flash gets a node of it.
    const { tree, capture } = parts.engine;
    for (const node of tree.table) {
      if (node.lookups > 0 && node.parent !== null && isSpecial(node) && !node.onFlash)
        capture.add(node, cause, () => {
          // What flash has no room for is missed.
        });
    }
  }

  step(): boolean {
    const { disk } = this.#parts.engine.tree;
    // What waits for a disk that does not answer would wait for ever.
    const needsDisk = (): boolean => !disk.silent && this.#parts.needsDisk();
    if (this.#isHeld()) return this.#end();
    if (needsDisk()) return false;
    if (!runPiece(this.#work, () => true)) return true;
    // The last piece of the walk may have come after something that was begun meanwhile.
    return needsDisk() ? false : this.#end();
  }

  /** What flash has as well, since its objects show disk's inode numbers; and what processes are in, or have mounted on. */
  *#remember(): Generator<void> {
    const { tree } = this.#parts.engine;
    // It is by this that it is known again.
    this.#memory.keep(SELF, tree.disk.rootStat);
    this.#keep(SELF, () => tree.disk.stat(tree.disk.root, SELF, stat));
    if (this.#isLost()) return;
    const open: DirNode[] = [tree.root];
    for (let dir = open.pop(); dir !== undefined; dir = open.pop()) {
      const listing = merge(tree, dir);
      const { disk } = dir.dir;
      const names = typeof listing === 'number' || disk === null ? [] : listing.names.slice(DOTS);
      for (const name of names) {
        if (disk === null) break;
        this.#keep(join(disk.path(), name), () => tree.disk.stat(disk, name, stat));
        if (this.#lost) return;
        const node = tree.lookup(dir, name);
        if (typeof node !== 'number') {
          if (isDir(node)) {
            tree.pin(node);
            open.push(node);
          } else tree.release(node);
        }
        yield;
      }
      if (dir !== tree.root) tree.unpin(dir);
    }
  }

  #isLost(): boolean {
    return this.#lost;
  }

  #keep(path: ByteString, look: () => number): void {
    if (this.#lost) return;
    const err = look();
    if (err >= 0) this.#memory.keep(path, stat);
    else if (this.#force || this.#parts.engine.tree.disk.silent) this.#lost = LOST.has(err);
  }

  /** Whether a file is open from disk that may not, or cannot, be cut. */
  #isHeld(): boolean {
    const { tree } = this.#parts.engine;
    for (const node of tree.table) if (isHeld(tree, node) && (!this.#force || isPassed(node))) return true;
    return false;
  }

  #end(): true {
    const { tree } = this.#parts.engine;
    const gone = !this.#isHeld();
    const nodes = [...tree.table];
    const holding = nodes.filter((node) => isHeld(tree, node));
    const held = holding.map((node) => ({ path: tree.path(node), passedThrough: isPassed(node) }));
    if (gone) this.#leave(nodes);
    this.over = true;
    this.#done({ gone, held });
    return true;
  }

  #leave(nodes: readonly Node[]): void {
    const { engine, closeOthers } = this.#parts;
    const { tree } = engine;
    giveUpAhead(engine);
    closeOthers();
    for (const node of nodes) this.#letGo(tree, node);
    tree.disk.leave(this.#memory);
    engine.remote?.disk.letGo();
    // Reads of what was cut.
    engine.remote?.waiters.giveUp(EIO);
  }

  #letGo(tree: Tree, node: Node): void {
    const dir = isDir(node) ? node.dir.disk : node.parent?.dir?.disk;
    if (dir != null && !node.onFlash && (isDir(node) || node.has(MOUNTED_ON) || node.open !== null)) {
      const name = isDir(node) ? SELF : node.name;
      this.#keep(name === '' ? dir.path() : join(dir.path(), name), () => tree.disk.stat(dir, name, stat));
    }
    if (isHeld(tree, node)) node.open?.replace(-1, -1);
    tree.orphans.dropOfDisk(node, tree.shownByDisk(node));
  }
}

function isSpecial({ kind, dir }: Node): boolean {
  return dir === null && kind !== S_IFREG && kind !== S_IFLNK;
}

function isPassed({ open }: Node): boolean {
  return open?.passthrough === true;
}

function isHeld(tree: Tree, node: Node): boolean {
  return node.open !== null && node.open.fd >= 0 && tree.shownByDisk(node);
}
