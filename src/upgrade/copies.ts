// Flash's copy of one path: made in the stage by a copy thread, and put in its place. Knows no queue. A name of flash holds the old copy or the new one at
// each instant; none only where a file takes the place of an empty directory.

import type { ByteString } from '../bytes.ts';
import { EISDIR, ENOENT } from '../errno.ts';
import type { Errno } from '../errno.ts';
import type { Directories } from '../capture/directories.ts';
import type { CopyPool } from '../copy/copy-pool.ts';
import type { Features } from '../copy/features.ts';
import { publish } from '../copy/publish.ts';
import type { Stage } from '../copy/stage.ts';
import { rmdirat, unlinkat } from '../sys/link.ts';
import type { MarkStore } from '../tree/mark-store.ts';
import { FROM_DISK, isDir, SIDE_KNOWN } from '../tree/node.ts';
import type { DirNode, Node } from '../tree/node.ts';
import type { Tree } from '../tree/tree.ts';
import { copyAttributes } from './attributes.ts';
import { openToCopy } from '../tree/place.ts';
import { findOnDisk } from './entry.ts';
import type { OnDisk } from './entry.ts';
import type { Ties } from './ties.ts';
import type { Wanted } from './wanted.ts';

export interface CopiesOptions {
  readonly tree: Tree;
  readonly marks: MarkStore;
  readonly stage: Stage;
  readonly features: Features;
  readonly directories: Directories;
  readonly pool: CopyPool;
  readonly wanted: Wanted;
  readonly ties: Ties;
}

/** In the stage, durable once both devices are synced. */
export interface Staged {
  readonly name: ByteString;
  readonly bytes: number;
}

/** Flash is as disk is. `node`: null where there was nothing to follow. */
export interface Made {
  readonly node: Node | null;
  readonly bytes: number;
}

export class Copies {
  readonly #parts: CopiesOptions;

  constructor(parts: CopiesOptions) {
    this.#parts = parts;
  }

  /**
   * Makes flash's copy of what disk shows; `twin`: it is there already, by this name of the stage. `copying`: `staged` will get what came of it, for
   * `land` or `discard`. Errors: of directories and marks, of opening, copying and renaming.
   */
  make(
    { node, parent, name }: OnDisk,
    twin: ByteString | null,
    staged: (result: Staged | Errno) => void,
  ): Made | Errno | 'copying' {
    const { directories, features, pool, stage, tree } = this.#parts;
    if (isDir(node)) {
      const made = directories.ensure(node);
      if (made < 0) return made as Errno;
      copyAttributes(tree, features, node);
      return { node, bytes: 0 };
    }
    if (twin !== null) return this.#landAt({ node, parent, name }, { name: twin, bytes: 0 });
    const above = directories.ensure(parent);
    if (above < 0) return above as Errno;
    const stageName = stage.name();
    const sourceFd = openToCopy(tree, node);
    if (sourceFd < 0) return sourceFd as Errno;
    tree.pin(node);
    pool.submit('capture', { kind: 'copy', sourceFd, stageName, data: true }, (result) => {
      tree.unpin(node);
      staged(typeof result === 'number' ? result : { name: stageName, bytes: result.bytes });
    });
    return 'copying';
  }

  /** Gives a staged copy its place, if disk still shows something there. Errors: of directories, marks and rename; then it is gone. */
  land(path: ByteString, staged: Staged): Made | Errno {
    const found = findOnDisk(this.#parts.tree, path);
    if (found !== null) return this.#landAt(found, staged);
    this.discard(staged.name);
    return { node: null, bytes: 0 };
  }

  discard(stageName: ByteString): void {
    unlinkat(this.#parts.stage.fd, stageName);
  }

  #landAt({ node, parent, name }: OnDisk, staged: Staged): Made | Errno {
    const err = this.put(node, parent, name, staged.name);
    if (err >= 0) return { node, bytes: staged.bytes };
    this.discard(staged.name);
    return err as Errno;
  }

  /** The staged copy `stageName` of `node` becomes flash's (`parent`, `name`). Errors: of directories, marks and rename. */
  put(node: Node, parent: DirNode, name: ByteString, stageName: ByteString): number {
    const { directories, features, marks, stage, ties, tree, wanted } = this.#parts;
    const above = directories.ensure(parent);
    const dirfd = above < 0 ? above : parent.dir.flash === null ? ENOENT : tree.flash.fd(parent.dir.flash);
    if (dirfd < 0) return dirfd;
    const cleared = marks.clear(parent, name);
    if (cleared < 0) return cleared;
    const options = { replace: true, keepParentTimes: true, features };
    let err = publish(stage.fd, stageName, dirfd, name, options);
    if (err === EISDIR && rmdirat(dirfd, name) >= 0) err = publish(stage.fd, stageName, dirfd, name, options);
    if (err < 0) return err;
    tree.nameLanded(node, parent, name);
    node.flags |= SIDE_KNOWN | FROM_DISK;
    if (!wanted.inForce) ties.fastenName(parent, name);
    return 0;
  }
}
