// What the kernel keeps of the merged root for long (names, "no such name", targets of symlinks, listings), and how it is made to ask
// again when the answers, or what follows from a question, have changed. Names are expired, never dropped: dropping a name detaches
// what is mounted below it, on `/` that is /proc; and so does FUSE_NOTIFY_INC_EPOCH, seen on Linux 6.18. All nodes are gone through in
// pieces between requests; the notifier's thread waits for the kernel's locks.

import type { ByteString } from '../bytes.ts';
import { nameOnFlash } from '../tree/names.ts';
import { isDir, MOUNTED_ON, MULTI_LINK, S_IFLNK, S_IFREG } from '../tree/node.ts';
import type { DirNode, Node } from '../tree/node.ts';
import type { Tree } from '../tree/tree.ts';

/** What is to be asked for again; bits. */
export const UNCAPTURED = 1; // what is not captured yet: asking for it is using it
export const HIDDEN = 2; // what only disk has: it no longer shows
export const SHOWN = 4; // what only disk has: it shows again

/** The notifications that are needed; `expireEntry` as `Negotiated.expireOnly` says, else it would do as `invalEntry`. */
export interface KernelNotify {
  invalInode(nodeid: number, off: number, len: number): void;
  invalEntry(parent: number, name: ByteString): void;
  expireEntry(parent: number, name: ByteString): void;
}

export interface KernelCacheOptions {
  readonly tree: Tree;
  /** Looking a regular file up captures it. */
  readonly onStat: boolean;
}

/** Nodes looked at in one piece: a fraction of a millisecond. */
const PIECE = 256;
/**
 * After so long (ms) all is gone through once more. An answer given before a change may reach the kernel's caches after the notification:
 * who had asked need not have run yet. What it gives again costs one question each, of what is used.
 */
const AGAIN_AFTER = 1000;
/** Names that were answered with "no such name" though disk has them, of which note is taken. */
const MOST_MISSES = 65_536;

export class KernelCache {
  readonly #tree: Tree;
  readonly #onStat: boolean;
  #notify: KernelNotify | null = null;
  #expireOnly = false;
  #what = 0;
  /** The next nodeid to look at; 0: nothing to do. */
  #at = 0;
  #again = 0;
  #againAt = Infinity;
  #waiting: (() => void)[] = [];
  readonly #misses = new Map<DirNode, Set<ByteString>>();
  #missCount = 0;

  constructor({ tree, onStat }: KernelCacheOptions) {
    this.#tree = tree;
    this.#onStat = onStat;
  }

  /** Notifications can be sent from now on. */
  connect(notify: KernelNotify, expireOnly: boolean): void {
    this.#notify = notify;
    this.#expireOnly = expireOnly;
  }

  /** Has `what` (bits) asked for again. `handedOver` is called once the notifier has been given all of it. */
  refresh(what: number, handedOver: () => void = () => {}): void {
    this.#again |= what;
    this.#begin(what);
    this.#waiting.push(handedOver);
    if (this.#what === 0) this.#end();
  }

  /** Has `node` asked for again, which is to be captured by its next use. */
  askAgain(node: Node): void {
    if (node.lookups > 0) this.#refresh(node, UNCAPTURED);
  }

  /** When there is something to do next (performance.now(), ms); undefined: nothing. */
  get deadline(): number | undefined {
    if (this.#at !== 0) return 0;
    return this.#againAt === Infinity ? undefined : this.#againAt;
  }

  /** Does one piece of what is to be done: whether there was any. */
  step(): boolean {
    if (this.#at === 0) {
      if (this.#againAt === Infinity || performance.now() < this.#againAt) return false;
      const again = this.#again;
      this.#again = 0;
      this.#againAt = Infinity;
      this.#begin(again);
    }
    const { table } = this.#tree;
    const end = Math.min(this.#at + PIECE, table.end);
    for (; this.#at < end; this.#at++) {
      const node = table.get(this.#at);
      if (node !== undefined && node.lookups > 0) this.#refresh(node, this.#what);
    }
    if (this.#at >= table.end) this.#end();
    return true;
  }

  /**
   * The kernel is about to be told that disk's `name` does not exist, which it may keep: whether it had not been told before. It asks
   * twice for a name that it knew, and again after it ran short of memory. `full`: the answer must not be kept.
   */
  missing(parent: DirNode, name: ByteString): 'new' | 'known' | 'full' {
    let names = this.#misses.get(parent);
    if (names?.has(name) === true) return 'known';
    if (this.#missCount >= MOST_MISSES) return 'full';
    if (names === undefined) this.#misses.set(parent, (names = new Set()));
    names.add(name);
    this.#missCount++;
    return 'new';
  }

  /** Flash has `node` now: where it was hidden, it shows. */
  readonly appeared = (node: Node): void => {
    if (this.#missCount === 0) return;
    for (const { parent, name } of namesOf(node)) {
      if (!isDir(parent)) continue;
      if (this.#misses.get(parent)?.has(name) === true) this.#expire(parent, name, false);
      this.#forgetListing(parent);
    }
  };

  #begin(what: number): void {
    this.#what |= what;
    if (this.#what !== 0) this.#at = 1;
    if ((what & SHOWN) !== 0) this.#forgetMisses();
  }

  #end(): void {
    this.#at = 0;
    this.#what = 0;
    if (this.#again !== 0 && this.#againAt === Infinity) this.#againAt = performance.now() + AGAIN_AFTER;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const handedOver of waiting) handedOver();
  }

  #refresh(node: Node, what: number): void {
    if ((what & (HIDDEN | SHOWN)) !== 0 && isDir(node) && node.dir.disk !== null) this.#forgetListing(node);
    if (node.onFlash && node.aliases === null) return;
    if ((what & HIDDEN) !== 0 || ((what & UNCAPTURED) !== 0 && this.#isUsedByName(node))) this.#expireNames(node);
    if ((what & UNCAPTURED) !== 0 && node.kind === S_IFLNK) this.#notify?.invalInode(node.id, 0, 0);
  }

  /** Whether a lookup of `node` is what captures it. Of symlinks it is what follows them, and of plain files it may be their opens alone. */
  #isUsedByName(node: Node): boolean {
    if (node.has(MULTI_LINK)) return true;
    return node.kind === S_IFREG ? this.#onStat : node.kind !== S_IFLNK;
  }

  #expireNames(node: Node): void {
    for (const { parent, name } of namesOf(node)) {
      if (isDir(parent) && !nameOnFlash(node, parent, name))
        this.#expire(parent, name, isDir(node) || node.has(MOUNTED_ON));
    }
  }

  /** `mayHoldMounts`: where names cannot be expired (before Linux 6.2), that of a directory is rather left. */
  #expire(parent: DirNode, name: ByteString, mayHoldMounts: boolean): void {
    if (this.#expireOnly) this.#notify?.expireEntry(parent.id, name);
    else if (!mayHoldMounts) this.#notify?.invalEntry(parent.id, name);
  }

  #forgetListing(node: DirNode): void {
    this.#notify?.invalInode(node.id, 0, 0);
  }

  #forgetMisses(): void {
    for (const [parent, names] of this.#misses) {
      if (parent.lookups > 0) for (const name of names) this.#expire(parent, name, false);
    }
    this.#misses.clear();
    this.#missCount = 0;
  }
}

function namesOf(node: Node): { readonly parent: Node; readonly name: ByteString }[] {
  const { parent, name } = node;
  return parent === null ? [] : [{ parent, name }, ...(node.aliases ?? [])];
}
