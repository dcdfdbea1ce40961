// Where changes go: the policy's decision, for objects and for names, with what it needs to know. What belongs on disk and goes to flash is said
// once per path (`spill`).
// Invariant: while a file of disk is open in a way that cannot be moved, its changes go to disk, whatever the rules say by now.

import type { ByteString } from '../bytes.ts';
import { asBytes } from '../bytes.ts';
import type { Request } from '../fuse/operation.ts';
import type { CurrentMode } from '../policy/mode.ts';
import { route } from '../policy/route.ts';
import type { Route } from '../policy/route.ts';
import { CAPTURE_QUEUED, DISK_ORPHAN, isDir } from '../tree/node.ts';
import type { DirNode, Node } from '../tree/node.ts';
import type { Tree } from '../tree/tree.ts';

export interface RoutesOptions {
  readonly tree: Tree;
  readonly current: CurrentMode;
  readonly rules: {
    excluded(node: Node): boolean;
    excludedPath(path: ByteString): boolean;
  };
  readonly onSpill: (path: ByteString, kind: number, req: Request) => void;
}

/** Paths that are remembered as said; beyond, some are said again. */
const MAX_SAID = 65_536;
/** Stands for a name that is not known yet (O_TMPFILE). */
const UNNAMED = asBytes('#');

export class Routes {
  readonly #tree: Tree;
  readonly #current: CurrentMode;
  readonly #rules: RoutesOptions['rules'];
  readonly #onSpill: RoutesOptions['onSpill'];
  readonly #said = new Set<ByteString>();
  #refused = false;
  #diskChanged = false;

  constructor(options: RoutesOptions) {
    this.#tree = options.tree;
    this.#current = options.current;
    this.#rules = options.rules;
    this.#onSpill = options.onSpill;
    if (this.#tree.disk.writable) this.#tree.prefersDisk = (node) => this.#isDisks(node) && this.of(node) === 'disk';
  }

  /** Something was changed on disk since the mount. To be set at each change, when it is made or just about to be. */
  get diskChanged(): boolean {
    return this.#diskChanged;
  }

  set diskChanged(changed: boolean) {
    this.#diskChanged = changed;
    this.#tree.disk.calls.changed();
  }

  /** Whether any change can go to disk now. */
  get diskTakesChanges(): boolean {
    return this.#tree.disk.writable && !this.#refused;
  }

  /** Flash follows what is changed on disk. */
  get mirrors(): boolean {
    return this.#current.mode === 'upgrade' && this.diskTakesChanges;
  }

  /** Of a change of `node`. An object with several names goes to disk only if all that are known do. */
  of(node: Node): Route {
    if (node.open?.fixed === true && node.open.onDisk) return 'disk';
    if (!node.onFlash) {
      if (node.has(DISK_ORPHAN) || node.open?.fixed === true) return 'disk';
      // On its way to flash already: the change waits for that.
      if (node.has(CAPTURE_QUEUED)) return 'flash';
    }
    return this.#route(this.#rules.excluded(node));
  }

  /** Of a name that is to be made, removed or given to another object; of one not known yet for ''. */
  ofName(parent: DirNode, name: ByteString): Route {
    return this.#route(this.#rules.excludedPath(this.#tree.pathOf(parent, name === '' ? UNNAMED : name)));
  }

  /** Says, once per path, that what belongs on disk goes to flash. */
  spilled(path: ByteString, kind: number, req: Request): void {
    if (this.#said.has(path)) return;
    if (this.#said.size >= MAX_SAID) this.#said.clear();
    this.#said.add(path);
    this.#onSpill(path, kind, req);
  }

  /** Does `change` as if disk took no changes: it has just refused one. */
  withoutDisk(change: () => number): number {
    this.#refused = true;
    try {
      return change();
    } finally {
      this.#refused = false;
    }
  }

  // Of what has several names, flash's are tied to each other by marks that a change on disk would not know of.
  #isDisks(node: Node): boolean {
    if (isDir(node)) return true;
    return this.#current.mode === 'upgrade' && !this.#tree.links.onBoth(node.inoLo, node.inoHi);
  }

  #route(excluded: boolean): Route {
    return route(this.#current.mode, excluded, this.diskTakesChanges);
  }
}
