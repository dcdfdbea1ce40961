// Copies put aside on flash for a rename that is to come: made before anything is changed, so that a flash without room refuses the rename. The request waits, runs
// anew, and takes the copy if the object is still what was copied.

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

/** How long a copy waits for its request to come back, ms. */
const FORGOTTEN = 60_000;
/** A copy of more bytes than this goes where no other waits behind it. */
const BIG = 8 << 20;

interface Ready {
  readonly name: ByteString;
  readonly source: Stat;
  readonly since: number;
}

export class Aside {
  readonly #tree: Tree;
  readonly #pool: CopyPool;
  readonly #stage: Stage;
  readonly #ready = new Map<Node, Ready>();

  constructor(tree: Tree, pool: CopyPool, stage: Stage) {
    this.#tree = tree;
    this.#pool = pool;
    this.#stage = stage;
  }

  /** A durable copy of `node`, no directory, in flash's stage, which stays put aside until `taken`; DEFERRED while it is being made. */
  take(node: Node, req: Request): { readonly name: ByteString } | typeof DEFERRED | Errno {
    const place = locate(this.#tree, node);
    if (typeof place === 'number') return place as Errno;
    const source = newStat();
    const err = statxAt(place.dirfd, place.name, source);
    if (err < 0) return err as Errno;
    this.#forgetOld();
    const ready = this.#ready.get(node);
    if (ready !== undefined && isSame(ready.source, source)) return ready;
    if (ready !== undefined) this.discard(ready.name);
    this.#ready.delete(node);
    const plain = node.kind === S_IFREG;
    let sourceFd = openNode(this.#tree, node, plain ? O_RDONLY | O_NOATIME : O_PATH);
    if (sourceFd < 0 && plain) sourceFd = openNode(this.#tree, node, O_RDONLY);
    if (sourceFd < 0) return sourceFd as Errno;
    const name = this.#stage.name();
    const waiting = req.defer();
    this.#tree.pin(node);
    const lane = source.blocks * 512 > BIG ? 'big' : 'io';
    this.#pool.submit(lane, { kind: 'copyUp', sourceFd, stageName: name, data: true, durable: true }, (result) => {
      if (typeof result === 'number') waiting.fail(result);
      else {
        this.#ready.set(node, { name, source, since: performance.now() });
        waiting.retry();
      }
      this.#tree.unpin(node);
    });
    return DEFERRED;
  }

  /** The copy is the caller's from now on. */
  taken(node: Node): void {
    this.#ready.delete(node);
  }

  discard(name: ByteString): void {
    unlinkat(this.#stage.fd, name);
  }

  #forgetOld(): void {
    for (const [node, { name, since }] of this.#ready) {
      if (performance.now() - since < FORGOTTEN) continue;
      this.discard(name);
      this.#ready.delete(node);
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
