// The mirror: flash's copies of wanted paths follow what was changed on disk. The queue of these paths; `Copies` makes each copy. By state, not by history: a
// job makes flash's copy of a path what disk has there by then. A path is `dirty`, durably, before the first byte of it changes, and until its copy and
// disk's object are on their devices; while it is, disk's object is what shows. The session's thread decides and publishes, copy threads copy.

import type { ByteString } from '../bytes.ts';
import { EDQUOT, ENOSPC } from '../errno.ts';
import type { Errno } from '../errno.ts';
import type { Journal } from '../capture/journal.ts';
import type { MarkSync } from '../capture/mark-sync.ts';
import type { Space } from '../capture/space.ts';
import { DEFERRED, OK } from '../fuse/operation.ts';
import type { Request } from '../fuse/operation.ts';
import type { MarkStore } from '../tree/mark-store.ts';
import { isDir, S_IFLNK } from '../tree/node.ts';
import type { DirNode, Node } from '../tree/node.ts';
import type { Changes } from './changes.ts';
import { Copies } from './copies.ts';
import type { CopiesOptions, Made } from './copies.ts';
import { Entries } from './entries.ts';
import { findOnDisk } from './entry.ts';
import type { Entry } from './entry.ts';
import { pulledBy } from './pull.ts';
import { Retries } from './retries.ts';
import { syncBoth } from './sync-both.ts';
import { stageTwin } from './twin.ts';

/** Jobs that copy at a time. */
const MOST = 16;
/** A change of a wanted path is refused where flash has less room than this, before anything is changed; bytes. */
const LEAST_ROOM = 16 * 1024;

export interface MirrorOptions extends CopiesOptions {
  readonly marks: MarkStore;
  readonly markSync: MarkSync;
  readonly journal: Journal;
  readonly space: Space;
  readonly changes: Changes;
}

export class Mirror {
  readonly #parts: MirrorOptions;
  readonly #copies: Copies;
  readonly #retries: Retries;
  readonly #entries = new Entries();
  readonly #flushed = new Set<string>();
  #copying = 0;
  #syncing = false;

  constructor(parts: MirrorOptions) {
    this.#parts = parts;
    this.#copies = new Copies(parts);
    this.#retries = new Retries(parts.space);
  }

  /** Paths of which flash's copy has still to follow, those that are open for writing included. */
  get pending(): number {
    return this.#parts.marks.marks.dirty.size;
  }

  /** Of these, those that flash has no room for, or cannot take. */
  get failed(): number {
    return [...this.#entries.byPath.values()].filter(({ err }) => err < 0).length;
  }

  /** Flash has no room for what a change of a wanted path needs at least, and for so many bytes of content. */
  lacksRoom(content = 0): boolean {
    return this.#parts.space.room.free < LEAST_ROOM + content;
  }

  /** Nothing is left that can be done now. */
  get idle(): boolean {
    if (this.#copying > 0 || this.#syncing) return false;
    return this.#parts.tree.hideDisk || this.#entries.idle;
  }

  follows(path: ByteString): boolean {
    return this.#parts.wanted.has(path) || this.#parts.marks.marks.dirty.has(path);
  }

  /**
   * These merged paths are about to be changed on disk: OK once flash's marks say so, durably, for those that flash follows; DEFERRED
   * until then. Errors: ENOSPC where flash has no room, and nothing is changed. `from`: the directory that was the first one's, on flash.
   */
  begin(req: Request, paths: readonly ByteString[], from: ByteString | null = null): number {
    const { marks, markSync, tree } = this.#parts;
    const { disk } = tree;
    const alive = disk.calls.alive(disk.fd(disk.root));
    if (alive < 0) return alive;
    const followed = paths.filter((path) => this.follows(path));
    if (followed.length === 0) {
      disk.calls.begun();
      return OK;
    }
    if (followed.some((path) => !marks.marks.dirty.has(path)) && this.lacksRoom()) return ENOSPC;
    const record = marks.together(() => {
      let last = 0;
      for (const [i, path] of followed.entries()) {
        const said = marks.dirty(path, i === 0 ? from : null);
        if (said < 0) return said;
        last = Math.max(last, said);
      }
      return last;
    });
    const ready = record < 0 ? record : markSync.wait(record, req);
    if (ready !== OK) return ready;
    for (const path of followed) this.touch(path);
    disk.calls.begun();
    return OK;
  }

  /** Flash's copy of `path`, which is dirty, has to follow. */
  touch(path: ByteString): void {
    const entry = this.#entries.byPath.get(path);
    if (entry === undefined) {
      this.#entries.add(path);
      return;
    }
    entry.changes++;
    if (entry.state !== 'copying') this.#entries.turn(entry, 'queued');
  }

  /** Whether flash's copy of `path` is known not to be as disk's object. */
  isBehind(path: ByteString): boolean {
    const state = this.#entries.byPath.get(path)?.state;
    return state !== undefined && state !== 'stored';
  }

  /** OK where flash's copy of `path` is as disk's; else the request runs anew once it is: DEFERRED; or why it cannot be. */
  wait(path: ByteString, req: Request): number {
    if (!this.#parts.marks.marks.dirty.has(path)) return OK;
    const entry = this.#entries.byPath.get(path);
    if (entry === undefined) {
      this.touch(path);
      return this.wait(path, req);
    }
    if (entry.state === 'failed') return entry.err;
    if (entry.state === 'open') return OK;
    entry.waiters.push(req.defer());
    return DEFERRED;
  }

  /** Flash's copy of `path` was put in its place by the change itself; no `node`: it was a right one before, elsewhere. */
  followed(path: ByteString, node?: Node): void {
    const entry = this.#entries.byPath.get(path);
    if (entry !== undefined) this.#stored(entry, node, 0);
  }

  /** The last who might have written `node`, which had these paths, has closed it. */
  closed(paths: readonly ByteString[]): void {
    for (const path of paths) if (this.follows(path) && this.#parts.marks.dirty(path) >= 0) this.touch(path);
  }

  /** For fsync: OK once flash's copy is as disk's object was when this was asked first, or flash cannot take it; DEFERRED until then. */
  flush(path: ByteString, req: Request): number {
    const key = `${req.uniqueHi}:${req.uniqueLo}`;
    const entry = this.#entries.byPath.get(path);
    if (this.#flushed.delete(key) || entry === undefined || entry.state === 'failed') return OK;
    if (entry.state === 'open') {
      entry.forced = true;
      this.#entries.turn(entry, 'queued');
    }
    entry.flushers.push({ key, deferred: req.defer() });
    return DEFERRED;
  }

  /** Somebody asked for a sync: also what is open for writing is copied as it is now, and what flash had no room for is tried. */
  force(): void {
    for (const state of ['open', 'failed'] as const)
      for (const entry of this.#entries.in(state)) {
        entry.forced = state === 'open';
        this.#entries.turn(entry, 'queued');
      }
  }

  /** What a wanted symlink, about to be called `path`, needs on flash: OK once it is there, DEFERRED, or why it cannot be. */
  pull(node: Node, path: ByteString, req: Request): number {
    const paths = this.#pulled(node, path);
    if (typeof paths === 'number') return paths;
    for (const other of paths) {
      const entry = this.#entries.byPath.get(other);
      if (entry === undefined || entry.state === 'stored' || entry.state === 'open') continue;
      if (entry.state === 'failed') return entry.err;
      entry.waiters.push(req.defer());
      return DEFERRED;
    }
    return OK;
  }

  /** Starts what can be started: whether anything was done. */
  pump(): boolean {
    // While disk is hidden, what has to follow it waits.
    if (this.#entries.byPath.size === 0 || this.#parts.tree.hideDisk) return false;
    for (const entry of this.#retries.due(this.idle, this.#entries.in('failed'))) this.#entries.turn(entry, 'queued');
    let done = false;
    for (const entry of this.#entries.in('queued')) {
      if (this.#copying >= MOST) break;
      done = this.#start(entry) || done;
    }
    return this.#sync() || done;
  }

  #start(entry: Entry): boolean {
    const found = findOnDisk(this.#parts.tree, entry.path);
    if (found === null) return this.#stored(entry);
    const { node } = found;
    if ((node.open?.writers ?? 0) > 0 && !entry.forced) {
      this.#entries.turn(entry, 'open');
      this.#wake(entry, 0);
      return true;
    }
    if (node.kind === S_IFLNK) {
      const pulled = this.#pulled(node, entry.path);
      if (typeof pulled === 'number') return this.#failed(entry, pulled);
      // First what it leads to.
      if (pulled.some((path) => this.#isUnderWay(path))) return false;
    }
    const twin = isDir(node) ? null : this.twin(node, entry.path);
    if (twin === 'wait') return false;
    const { changes } = entry;
    const made = this.#copies.make(found, twin, (staged) => {
      this.#copying--;
      if (typeof staged === 'number') this.#failed(entry, staged);
      else if (entry.changes !== changes) {
        this.#copies.discard(staged.name);
        this.#entries.turn(entry, 'queued');
      } else this.#ended(entry, this.#copies.land(entry.path, staged));
    });
    if (made !== 'copying') return this.#ended(entry, made);
    this.#entries.turn(entry, 'copying');
    this.#copying++;
    return true;
  }

  /** See `stageTwin`. */
  twin(node: Node, path: ByteString): ByteString | null | 'wait' {
    return stageTwin(this.#parts, this.#entries.byPath, node, path);
  }

  #isUnderWay(path: ByteString): boolean {
    const state = this.#entries.byPath.get(path)?.state;
    return state === 'queued' || state === 'copying';
  }

  /** What the symlink `node` needs on flash, wanted from now on and under way; or what writing that down gives. */
  #pulled(node: Node, path: ByteString): readonly ByteString[] | Errno {
    const { changes, marks, tree, wanted } = this.#parts;
    const paths = pulledBy(tree, wanted, node, path);
    for (const other of paths) changes.pulled(other);
    const added = wanted.add(paths);
    if (added < 0) return added as Errno;
    for (const other of paths) {
      const known = this.#entries.byPath.has(other);
      const said = known ? 0 : marks.dirty(other);
      if (said < 0) return said as Errno;
      if (!known) this.touch(other);
    }
    return paths;
  }

  /** See `Copies.put`. */
  put(node: Node, parent: DirNode, name: ByteString, stageName: ByteString): number {
    return this.#copies.put(node, parent, name, stageName);
  }

  #ended(entry: Entry, made: Made | Errno): boolean {
    if (typeof made === 'number') return this.#failed(entry, made);
    return made.node === null ? this.#stored(entry) : this.#stored(entry, made.node, made.bytes);
  }

  #stored(entry: Entry, node?: Node, bytes = 0): boolean {
    if (node !== undefined) this.#parts.journal.mirrored(entry.path, node.kind, bytes);
    const open = (node?.open?.writers ?? 0) > 0;
    entry.forced = false;
    entry.err = 0;
    this.#entries.turn(entry, open ? 'open' : 'stored');
    this.#wake(entry, 0);
    return true;
  }

  #failed(entry: Entry, err: number): boolean {
    const { journal } = this.#parts;
    this.#entries.turn(entry, 'failed');
    if (entry.err === 0) journal.notMirrored(entry.path, err === ENOSPC || err === EDQUOT ? 'flash-full' : err);
    entry.err = err;
    this.#wake(entry, err);
    return true;
  }

  #wake({ waiters, flushers }: Entry, err: number): void {
    for (const { key, deferred } of flushers.splice(0)) {
      this.#flushed.add(key);
      deferred.retry();
    }
    for (const waiter of waiters.splice(0)) {
      if (err < 0) waiter.fail(err as Errno);
      else waiter.retry();
    }
  }

  /** Once nothing is being copied: both devices are synced, then what was stored is clean. */
  #sync(): boolean {
    if (this.#syncing || this.#copying > 0) return false;
    const stored = this.#entries.in('stored');
    if (stored.size === 0) return false;
    const { pool, stage, tree } = this.#parts;
    const seen = [...stored].map((entry) => ({ entry, changes: entry.changes }));
    const synced = (err: number): void => {
      this.#syncing = false;
      for (const { entry, changes } of seen)
        if (entry.state === 'stored' && entry.changes === changes) this.#synced(entry, err);
    };
    this.#syncing = true;
    const begun = syncBoth(tree.disk, stage.fd, pool, synced);
    // Failed, and not left for later: who waits for the mirror would wait for as long as disk cannot be opened.
    if (begun < 0) synced(begun);
    return true;
  }

  #synced(entry: Entry, err: number): void {
    if (err < 0) this.#failed(entry, err);
    else if (this.#parts.marks.clean(entry.path) >= 0) {
      this.#entries.drop(entry);
      this.#wake(entry, 0);
    } else this.#failed(entry, ENOSPC);
  }
}
