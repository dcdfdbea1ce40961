// Copies made ahead of a rename that needs them: staged on a branch by a copy thread before anything is changed, so that a branch without room refuses the
// rename. The request waits, runs anew, and finds its copy, if the object is still what was copied.

import type { ByteString } from '../bytes.ts';
import type { Errno } from '../errno.ts';
import { laneOf } from '../copy/copy-pool.ts';
import type { CopyPool } from '../copy/copy-pool.ts';
import type { Stage } from '../copy/stage.ts';
import { DEFERRED } from '../fuse/operation.ts';
import type { Request } from '../fuse/operation.ts';
import { unlinkat } from '../sys/link.ts';
import { isUnchanged, newStat, statxAt } from '../sys/stat.ts';
import type { Stat } from '../sys/stat.ts';
import type { Node } from '../tree/node.ts';
import { locate, openToCopy } from '../tree/place.ts';
import type { Tree } from '../tree/tree.ts';
import type { OpenStage } from './disk-stage.ts';

/** How long a copy waits for its request to come back, ms; one that failed before it got here does not. */
const FORGOTTEN = 60_000;

/** A copy in a branch's stage. */
export interface StagedCopy {
  readonly stage: Stage;
  readonly name: ByteString;
}

interface Ready extends StagedCopy {
  /** What was copied, as it was before. */
  readonly source: Stat;
  readonly since: number;
}

export class CopyAhead {
  readonly #tree: Tree;
  readonly #pool: CopyPool;
  readonly #open: () => OpenStage | Errno;
  readonly #ready = new Map<Node, Ready>();

  /** `open` gives the stage of the branch that the copies are for. */
  constructor(tree: Tree, pool: CopyPool, open: () => OpenStage | Errno) {
    this.#tree = tree;
    this.#pool = pool;
    this.#open = open;
  }

  /** A durable copy of `node`, no directory, which is kept until `taken`; DEFERRED while it is being made. Errors: of making it. */
  ready(node: Node, req: Request): StagedCopy | typeof DEFERRED | Errno {
    const place = locate(this.#tree, node);
    if (typeof place === 'number') return place as Errno;
    const source = newStat();
    const err = statxAt(place.dirfd, place.name, source);
    if (err < 0) return err as Errno;
    this.#forgetOld();
    const ready = this.#ready.get(node);
    if (ready !== undefined && isSameObject(ready.source, source)) return ready;
    this.#forget(node);
    return this.#start(node, source, req);
  }

  /** As `ready`; the copy is the caller's at once. */
  take(node: Node, req: Request): StagedCopy | typeof DEFERRED | Errno {
    const copy = this.ready(node, req);
    if (typeof copy !== 'number') this.taken(node);
    return copy;
  }

  /** The copy is the caller's from now on. */
  taken(node: Node): void {
    this.#ready.delete(node);
  }

  /** Removes what was staged on the branch under `name`. */
  discard(name: ByteString): void {
    const open = this.#open();
    if (typeof open !== 'number') unlinkat(open.stage.fd, name);
  }

  #start(node: Node, source: Stat, req: Request): typeof DEFERRED | Errno {
    const open = this.#open();
    if (typeof open === 'number') return open;
    const { stage, features } = open;
    const sourceFd = openToCopy(this.#tree, node);
    if (sourceFd < 0) return sourceFd as Errno;
    const name = stage.name();
    const waiting = req.defer();
    this.#tree.pin(node);
    this.#pool.submit(
      laneOf(source),
      { kind: 'copyUp', sourceFd, stageName: name, data: true, durable: true, to: { fd: stage.fd, features } },
      (result) => {
        if (typeof result === 'number') waiting.fail(result);
        else {
          this.#ready.set(node, { stage, name, source, since: performance.now() });
          waiting.retry();
        }
        this.#tree.unpin(node);
      },
    );
    return DEFERRED;
  }

  #forgetOld(): void {
    for (const [node, { since }] of this.#ready) if (performance.now() - since >= FORGOTTEN) this.#forget(node);
  }

  #forget(node: Node): void {
    const ready = this.#ready.get(node);
    if (ready === undefined) return;
    unlinkat(ready.stage.fd, ready.name);
    this.#ready.delete(node);
  }
}

function isSameObject(a: Stat, b: Stat): boolean {
  return a.inoLo === b.inoLo && a.inoHi === b.inoHi && isUnchanged(a, b);
}
