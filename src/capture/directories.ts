// Directories on flash: made as copies of disk's (attributes, no content), with the directories above them, by the session's thread itself, so
// that everything else may rely on a parent being there. Made in the stage and renamed, so that none ever shows with wrong attributes.

import type { BranchDir } from '../branch/branch-dir.ts';
import { EEXIST, ENOENT } from '../errno.ts';
import type { Errno } from '../errno.ts';
import type { StagedDirectory } from '../copy/directory-copy.ts';
import type { Degradation } from '../copy/metadata.ts';
import type { Features } from '../copy/features.ts';
import { publish } from '../copy/publish.ts';
import type { Stage } from '../copy/stage.ts';
import { rmdirat } from '../sys/link.ts';
import type { MarkStore } from '../tree/mark-store.ts';
import { isDir } from '../tree/node.ts';
import type { DirNode } from '../tree/node.ts';
import type { Tree } from '../tree/tree.ts';

export class Directories {
  readonly #tree: Tree;
  readonly #stage: Stage;
  readonly #features: Features;
  readonly #marks: MarkStore;
  readonly #copy: (place: BranchDir) => StagedDirectory | Errno;
  readonly #onMade: (node: DirNode, degraded: readonly Degradation[]) => void;

  /** `copy` copies disk's directory into the stage. `onMade` is told of each directory made, parents first. */
  constructor(
    tree: Tree,
    stage: Stage,
    features: Features,
    marks: MarkStore,
    copy: (place: BranchDir) => StagedDirectory | Errno,
    onMade: (node: DirNode, degraded: readonly Degradation[]) => void,
  ) {
    this.#tree = tree;
    this.#stage = stage;
    this.#features = features;
    this.#marks = marks;
    this.#copy = copy;
    this.#onMade = onMade;
  }

  /** Makes sure that flash has `node`. Errors: ENOENT where it was removed; of making it (ENOSPC ...). */
  ensure(node: DirNode): number {
    if (node.dir.flash !== null) return 0;
    const { parent } = node;
    if (parent === null || !isDir(parent)) return ENOENT;
    const above = this.ensure(parent);
    return above < 0 ? above : this.#make(node, parent);
  }

  #make(node: DirNode, parent: DirNode): number {
    const { shownBefore } = this.#tree;
    return shownBefore.unchanged(parent, () => shownBefore.unchanged(node, () => this.#put(node, parent)));
  }

  #put(node: DirNode, parent: DirNode): number {
    const { disk } = node.dir;
    if (disk === null || parent.dir.flash === null) return ENOENT;
    // It is disk's directory of this place: nothing that was here before has a say.
    const cleared = this.#marks.clear(parent, node.name);
    if (cleared < 0) return cleared;
    const copied = this.#copy(disk);
    if (typeof copied === 'number') return copied;
    const { stageName } = copied;
    const dirfd = this.#tree.flash.fd(parent.dir.flash);
    const err =
      dirfd < 0
        ? dirfd
        : publish(this.#stage.fd, stageName, dirfd, node.name, {
            replace: false,
            keepParentTimes: true,
            features: this.#features,
          });
    if (err < 0) rmdirat(this.#stage.fd, stageName);
    // Somebody made it behind our back: it is there, which is all that was asked.
    if (err < 0 && err !== EEXIST) return err;
    this.#tree.landed(node);
    this.#onMade(node, copied.degraded);
    return 0;
  }
}
