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

  /** `maxFileSize` in bytes, 0 for no limit. */
  constructor(tree: Tree, space: Space, maxFileSize: number) {
    this.#tree = tree;
    this.#space = space;
    this.#maxFileSize = maxFileSize;
  }

  /** Why `node` is not captured now; undefined: it may be. */
  refuse(node: Node): SkipReason | undefined {
    const isFile = node.kind === S_IFREG;
    if (isFile && this.#tree.attributes(node, stat) < 0) return undefined;
    const decision = decideCapture(
      {
        mode: 'capture',
        kind: objectKind(node.kind),
        exclude: NOT_EXCLUDED,
        size: isFile ? stat.size : 0,
        allocated: isFile ? stat.blocks * 512 : 0,
      },
      { maxFileSize: this.#maxFileSize, reserve: this.#space.reserve, free: this.#space.free, full: this.#space.full },
    );
    return decision.capture ? undefined : decision.reason;
  }

  /** A copy failed: the reason to give, if it failed for want of room. */
  failed(err: Errno): SkipReason | undefined {
    if (err !== ENOSPC && err !== EDQUOT) return undefined;
    this.#space.exhausted();
    return 'flash-full';
  }
}
