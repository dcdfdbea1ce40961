// Whether an object may still be captured at the moment when its copy would begin: rules and mode were asked when it was used, room and size are
// asked now.

import type { Errno } from '../errno.ts';
import { EDQUOT, ENOSPC } from '../errno.ts';
import { decideCapture } from '../policy/capture-policy.ts';
import type { SkipReason } from '../policy/capture-policy.ts';
import { objectKind } from '../policy/object-kind.ts';
import { newStat } from '../sys/stat.ts';
import { S_IFREG } from '../tree/node.ts';
import type { Node } from '../tree/node.ts';
import type { Tree } from '../tree/tree.ts';
import type { Space } from './space.ts';

const NOT_EXCLUDED = { excluded: false, directoryMade: true, rule: null };
const stat = newStat();

export class Admission {
  readonly #tree: Tree;
  readonly #space: Space;
  readonly #maxFileSize: number;
  /** Bytes of content that the object has which `refuse` was last asked about. */
  #allocated = 0;

  /** `maxFileSize` in bytes, 0 for no limit. */
  constructor(tree: Tree, space: Space, maxFileSize: number) {
    this.#tree = tree;
    this.#space = space;
    this.#maxFileSize = maxFileSize;
  }

  /** Why `node` is not captured now; undefined: it may be. */
  refuse(node: Node): SkipReason | undefined {
    const isFile = node.kind === S_IFREG;
    this.#allocated = 0;
    if (isFile && this.#tree.attributes(node, stat) < 0) return undefined;
    if (isFile) this.#allocated = stat.blocks * 512;
    const decision = decideCapture(
      {
        mode: 'capture',
        kind: objectKind(node.kind),
        exclude: NOT_EXCLUDED,
        size: isFile ? stat.size : 0,
        allocated: this.#allocated,
      },
      { maxFileSize: this.#maxFileSize, reserve: this.#space.reserve, free: this.#space.free, full: this.#space.full },
    );
    return decision.capture ? undefined : decision.reason;
  }

  /** The copy that was not refused begins: the bytes to give back when it ends, which others cannot have until then. */
  begin(): number {
    this.#space.take(this.#allocated);
    return this.#allocated;
  }

  end(bytes: number): void {
    this.#space.giveBack(bytes);
  }

  /** A copy failed: the reason to give, if it failed for want of room. */
  failed(err: Errno): SkipReason | undefined {
    if (err !== ENOSPC && err !== EDQUOT) return undefined;
    this.#space.exhausted();
    return 'flash-full';
  }
}
