// Copies of files to disk, staged there by a copy thread, for a rename that takes them from flash to where changes belong on disk. The request
// waits, runs anew, and takes the copy if the file is still what was copied.

import type { ByteString } from '../bytes.ts';
import type { Errno } from '../errno.ts';
import type { CopyPool } from '../copy/copy-pool.ts';
import type { Stage } from '../copy/stage.ts';
import { DEFERRED } from '../fuse/operation.ts';
import type { Request } from '../fuse/operation.ts';
import { unlinkat } from '../sys/link.ts';
import { O_NOATIME, O_PATH, O_RDONLY } from '../sys/open.ts';
import { newStat, statxAt } from '../sys/stat.ts';
import type { Stat } from '../sys/stat.ts';
import { S_IFREG } from '../tree/node.ts';
import type { Node } from '../tree/node.ts';
import { locate, openNode } from '../tree/place.ts';
import type { Tree } from '../tree/tree.ts';
import { BIG } from './copies.ts';
import type { DiskStage } from './disk-stage.ts';

/** How long a copy waits for its request to come back, ms; one that failed before it got here does not. */
const FORGOTTEN = 60_000;

/** A copy in disk's stage. */
export interface StagedCopy {
  readonly stage: Stage;
  readonly name: ByteString;
}

interface Ready extends StagedCopy {
  /** What was copied, as it was before. */
  readonly source: Stat;
  readonly since: number;
}

export class CopyDown {
  readonly #tree: Tree;
  readonly #pool: CopyPool;
  readonly #stage: DiskStage;
  readonly #ready = new Map<Node, Ready>();

  constructor(tree: Tree, pool: CopyPool, stage: DiskStage) {
    this.#tree = tree;
    this.#pool = pool;
    this.#stage = stage;
  }

  /** A durable copy of `node`, no directory, which is the caller's; DEFERRED while it is being made. Errors: of making it. */
  take(node: Node, req: Request): StagedCopy | typeof DEFERRED | Errno {
    const place = locate(this.#tree, node);
    if (typeof place === 'number') return place as Errno;
    const source = newStat();
    const err = statxAt(place.dirfd, place.name, source);
    if (err < 0) return err as Errno;
    const ready = this.#ready.get(node);
    this.#forgetOld(node);
    if (ready !== undefined && isSame(ready.source, source)) return ready;
    if (ready !== undefined) unlinkat(ready.stage.fd, ready.name);
    return this.#start(node, source, req);
  }

  #start(node: Node, source: Stat, req: Request): typeof DEFERRED | Errno {
    const open = this.#stage.open();
    if (typeof open === 'number') return open;
    const { stage, features } = open;
    const sourceFd = this.#openSource(node);
    if (sourceFd < 0) return sourceFd as Errno;
    const name = stage.name();
    const waiting = req.defer();
    this.#tree.pin(node);
    this.#pool.submit(
      source.blocks * 512 > BIG ? 'big' : 'io',
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

  #openSource(node: Node): number {
    if (node.kind !== S_IFREG) return openNode(this.#tree, node, O_PATH);
    const fd = openNode(this.#tree, node, O_RDONLY | O_NOATIME);
    return fd < 0 ? openNode(this.#tree, node, O_RDONLY) : fd;
  }

  #forgetOld(node: Node): void {
    this.#ready.delete(node);
    for (const [other, { stage, name, since }] of this.#ready) {
      if (performance.now() - since < FORGOTTEN) continue;
      unlinkat(stage.fd, name);
      this.#ready.delete(other);
    }
  }
}

function isSame(a: Stat, b: Stat): boolean {
  return (
    a.inoLo === b.inoLo &&
    a.inoHi === b.inoHi &&
    a.size === b.size &&
    a.mtime === b.mtime &&
    a.mtimeNsec === b.mtimeNsec &&
    a.ctime === b.ctime &&
    a.ctimeNsec === b.ctimeNsec
  );
}
