// The engine's copying, as operations use it: what is used is captured behind the answer, what is changed is copied up before it. One job per
// object, whoever asks; the session's thread queues and publishes, copy threads stage. A copy counts only once it is published, and
// is published only if the object is still where it was.

import type { ByteString } from '../bytes.ts';
import { EIO } from '../errno.ts';
import { DEFERRED, OK } from '../fuse/operation.ts';
import type { Request } from '../fuse/operation.ts';
import { companionsOf } from '../policy/companions.ts';
import type { Excludes } from '../policy/excludes.ts';
import type { CurrentMode, Mode } from '../policy/mode.ts';
import {
  CAPTURE_QUEUED,
  DIRECTORY_SKIPPED,
  EXCLUDE_KNOWN,
  EXCLUDED,
  isDir,
  MOUNTED_ON,
  MULTI_LINK,
  OF_PATH,
  S_IFDIR,
  S_IFLNK,
  S_IFREG,
} from '../tree/node.ts';
import type { DirNode, Node } from '../tree/node.ts';
import { nameOnFlash } from '../tree/names.ts';
import type { Tree } from '../tree/tree.ts';
import type { Copies } from './copies.ts';
import type { Directories } from './directories.ts';
import type { Cause, Journal } from './journal.ts';
import type { Landing } from './landing.ts';
import type { Use } from './use.ts';

export interface CaptureOptions {
  readonly tree: Tree;
  readonly directories: Directories;
  readonly copies: Copies;
  readonly landing: Landing;
  readonly journal: Journal;
  readonly excludes: Excludes;
  readonly current: CurrentMode;
  /** A regular file is captured when it is looked up, not only when it is opened. */
  readonly onStat: boolean;
}

export class Capture {
  readonly #tree: Tree;
  readonly #directories: Directories;
  readonly #copies: Copies;
  readonly #landing: Landing;
  readonly #journal: Journal;
  readonly #current: CurrentMode;
  readonly #onStat: boolean;
  #excludes: Excludes;

  constructor(options: CaptureOptions) {
    this.#tree = options.tree;
    this.#directories = options.directories;
    this.#copies = options.copies;
    this.#landing = options.landing;
    this.#journal = options.journal;
    this.#excludes = options.excludes;
    this.#current = options.current;
    this.#onStat = options.onStat;
  }

  get mode(): Mode {
    return this.#current.mode;
  }

  /** Whether READDIRPLUS must leave `node` to a LOOKUP, because that is what would capture it, or tell which of its names is used. */
  wantsLookup(node: Node): boolean {
    if (this.#current.mode !== 'capture') return false;
    if (node.kind === S_IFREG || node.kind === S_IFLNK) return node.has(MULTI_LINK) && !this.isComplete(node);
    return !node.onFlash && this.wants(node);
  }

  /**
   * LOOKUP found `node`: somebody asked for it by name. Symlinks are used by being followed; all else by being found, files too unless
   * that is switched off: programs decide by a stat whether something is there (ARCHITECTURE.md has the measurement).
   */
  lookedUp(node: Node, req: Request): void {
    if (node.kind === S_IFREG && !this.#onStat) return;
    // The kernel keeps a target by inode: of a symlink that was followed by one name, it will not ask again by another.
    if (node.kind === S_IFLNK && !(node.onFlash && node.has(MULTI_LINK))) return;
    if (!node.onFlash || node.has(MULTI_LINK)) this.used(node, req, 'lookup');
  }

  /** `node` is being used by `req`'s caller, who still waits: it is captured, if it is to be, after the answer. */
  used(node: Node, req: Request, use: Use): void {
    if (this.#current.mode !== 'capture') return;
    if (node.has(CAPTURE_QUEUED)) {
      // It was looked up to be opened: that is what the log should say.
      if (use !== 'lookup') this.#copies.refine(node, req.pid, use);
      return;
    }
    if (node.onFlash && (!node.has(MULTI_LINK) || this.isComplete(node))) return;
    if (!this.wants(node)) {
      this.#journal.excluded(node, req, use, () => this.#excludes.decide(this.#tree.path(node)).rule?.glob ?? '');
      return;
    }
    // It was excluded when it was opened: its copy would miss what is written meanwhile. The next open asks again.
    if (!node.onFlash && node.open?.fixed === true) return;
    const cause = this.#journal.because(req, use, 'capture');
    // First what it is no good without: were the power to go between the two, the next open would still ask for both.
    if (node.kind === S_IFREG) this.#captureCompanions(node, cause);
    this.#copies.queue(node, cause);
  }

  /** `node` is to be on flash, whatever mode and rules say; `onEnd` as in Copies. */
  add(node: Node, cause: Cause, onEnd: (refused: string | null) => void): void {
    if (node.kind === S_IFREG) this.#captureCompanions(node, cause);
    this.#copies.queue(node, cause, onEnd);
  }

  /** Whether flash has `node` with all its names that are known. */
  isComplete(node: Node): boolean {
    return node.onFlash && (node.aliases === null || node.aliases.every((link) => link.onFlash));
  }

  /** Whether the rules let `node` be captured. */
  wants(node: Node): boolean {
    if (!this.excluded(node)) return true;
    return node.kind === S_IFDIR && !node.has(DIRECTORY_SKIPPED);
  }

  /** OK when there is room in the queue for what this request would capture; else it runs anew once there is: DEFERRED. */
  makeRoom(node: Node, req: Request): number {
    if (node.onFlash || !this.#copies.crowded || this.#current.mode !== 'capture') return OK;
    this.#copies.holdBack(req.defer());
    return DEFERRED;
  }

  /** OK when flash has `node`, for a change of it; else it is copied first and the request runs anew: DEFERRED. Errors: of the copy. */
  copyUp(node: Node, req: Request, data: boolean): number {
    if (node.onFlash) return OK;
    if (isDir(node)) return Math.min(this.ensureDirectory(node, req), OK);
    this.#copies.copyUp(node, data, this.#journal.because(req, 'change', 'copy-up'), req.defer());
    return DEFERRED;
  }

  /** As `copyUp`, and flash has it under this name of several. */
  copyUpName(node: Node, parent: DirNode, name: ByteString, req: Request): number {
    const ready = this.copyUp(node, req, true);
    if (ready !== OK || nameOnFlash(node, parent, name)) return ready;
    const above = this.ensureDirectory(parent, req);
    if (above < 0) return above;
    const cause = this.#journal.because(req, 'change', 'copy-up');
    return this.#journal.onBehalf(cause, node, () => this.#landing.addName(node, parent, name));
  }

  /** Makes sure that flash has the directory, about to be changed, with those above it. Errors: ENOENT where it was removed; of making it. */
  ensureDirectory(node: DirNode, req: Request): number {
    if (node.dir.flash !== null) return OK;
    const cause = this.#journal.because(req, 'change', 'copy-up');
    return this.#journal.onBehalf(cause, node, () => this.#directories.ensure(node));
  }

  /** Whether the rules exclude `node`. Matched once per node. */
  excluded(node: Node): boolean {
    if (!node.has(EXCLUDE_KNOWN)) this.#match(node);
    return node.has(EXCLUDED);
  }

  /** Whether the rules exclude a path of the merged root. */
  excludedPath(path: ByteString): boolean {
    return this.#excludes.decide(path).excluded;
  }

  /** Other rules hold from now on; what they say of objects that are known is asked anew. True: the rules before kept some of them away. */
  obey(excludes: Excludes): boolean {
    this.#excludes = excludes;
    let keptAway = false;
    for (const node of this.#tree.table) {
      keptAway ||= isKeptAway(node);
      node.flags &= ~OF_PATH;
    }
    return keptAway;
  }

  /** What is known below `node` and is not on flash because the rules exclude it. */
  keptAwayBelow(node: Node, found: Node[] = []): Node[] {
    for (const child of node.dir?.children.values() ?? []) {
      if (isKeptAway(child)) found.push(child);
      this.keptAwayBelow(child, found);
    }
    return found;
  }

  /** A name was asked for that only disk has, while it is hidden. */
  missed(parent: DirNode, name: ByteString, kind: number, req: Request): void {
    this.#journal.miss(parent, name, kind, req);
  }

  /** A name that disk has was removed. */
  hidden(parent: DirNode, name: ByteString, kind: number, req: Request): void {
    this.#journal.whiteout(parent, name, kind, req);
  }

  /** Something is mounted on the directories at these paths: they are needed, though nobody may ever look into them. */
  mountedOn(paths: readonly ByteString[]): void {
    this.holdMounts(paths);
    if (this.#current.mode !== 'capture') return;
    for (const path of paths)
      this.#tree.disk.calls.eventually(() => {
        this.#eachAt([path], (node) => {
          if (!isDir(node) || node.onFlash || !this.wants(node)) return;
          this.#journal.onBehalf(this.#journal.unasked('mount', 'capture'), node, () => this.#directories.ensure(node));
        });
      });
  }

  /** Something is mounted on what is at these paths: its names must show as long as it may be. */
  holdMounts(paths: readonly ByteString[]): void {
    this.#eachAt(paths, (node) => {
      for (let at: Node | null = node; at !== null; at = at.parent) at.flags |= MOUNTED_ON;
    });
  }

  /** Flash lacks what is at these paths, though it still shows because something is mounted on it. */
  missedMounts(paths: readonly ByteString[]): void {
    this.#eachAt(paths, (node) => {
      if (!node.onFlash) this.#journal.missedMount(node);
    });
  }

  #eachAt(paths: readonly ByteString[], visit: (node: Node) => void): void {
    for (const path of paths) {
      const found = this.#tree.walk(path);
      // Of a disk that does not answer it counts what is known.
      const node = found === EIO ? this.#tree.known(path) : found;
      if (node === undefined || typeof node === 'number') continue;
      visit(node);
      this.#tree.release(node);
    }
  }

  #captureCompanions(node: Node, cause: Cause): void {
    const alongWith = this.#tree.path(node);
    for (const { path, reason } of companionsOf(alongWith))
      this.#tree.disk.calls.eventually(() => {
        const companion = this.#tree.walk(path);
        if (typeof companion === 'number') return;
        if (companion.kind === S_IFREG && !companion.onFlash && this.wants(companion)) {
          this.#copies.queue(companion, { ...cause, operation: 'companion', reason, alongWith });
        }
        this.#tree.release(companion);
      });
  }

  #match(node: Node): void {
    const { excluded, directoryMade } = this.#excludes.decide(this.#tree.path(node));
    // Under one name or another it is used: what a standalone boot needs by one name is not to be missing because of another.
    const elsewhere =
      excluded &&
      node.aliases?.some(({ parent, name }) => !this.#excludes.decide(this.#tree.pathOf(parent, name)).excluded);
    node.flags |=
      EXCLUDE_KNOWN | (excluded && elsewhere !== true ? EXCLUDED : 0) | (directoryMade ? 0 : DIRECTORY_SKIPPED);
  }
}

function isKeptAway(node: Node): boolean {
  return node.has(EXCLUDED) && !node.onFlash;
}
