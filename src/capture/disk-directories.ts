// Directories on disk: where flash alone has one and something in it belongs on disk, disk gets a copy of it (attributes, no content), with those
// above it. Flash's goes on to show what it showed: an `origin` mark keeps its inode number, and ties disk's new directory to it.

import type { ByteString } from '../bytes.ts';
import { join } from '../bytes.ts';
import { EEXIST, ENOENT } from '../errno.ts';
import { copyObject } from '../copy/exact-copy.ts';
import { publish } from '../copy/publish.ts';
import { rmdirat } from '../sys/link.ts';
import { close, O_DIRECTORY, O_RDONLY } from '../sys/open.ts';
import { newStat, statxFd } from '../sys/stat.ts';
import { bindMarks } from '../tree/bind-marks.ts';
import type { MarkStore } from '../tree/mark-store.ts';
import { FROM_DISK, isDir, SIDE_KNOWN } from '../tree/node.ts';
import type { DirNode } from '../tree/node.ts';
import { openNode } from '../tree/place.ts';
import type { Tree } from '../tree/tree.ts';
import type { DiskStage } from './disk-stage.ts';
import type { MarkSync } from './mark-sync.ts';

const stat = newStat();

export class DiskDirectories {
  readonly #tree: Tree;
  readonly #marks: MarkStore;
  readonly #markSync: MarkSync;
  readonly #stage: DiskStage;

  constructor(tree: Tree, marks: MarkStore, markSync: MarkSync, stage: DiskStage) {
    this.#tree = tree;
    this.#marks = marks;
    this.#markSync = markSync;
    this.#stage = stage;
  }

  /**
   * Makes sure that disk has the directory. Errors: EEXIST where disk has something there that the merged root does not show; ENOENT where
   * it was removed; of making it.
   */
  ensure(node: DirNode): number {
    if (node.dir.disk !== null) return node.dir.disk.husk ? EEXIST : 0;
    const { parent } = node;
    if (parent === null || !isDir(parent)) return ENOENT;
    const above = this.ensure(parent);
    return above < 0 ? above : this.#make(node, parent);
  }

  #make(node: DirNode, parent: DirNode): number {
    const { disk } = this.#tree;
    const place = parent.dir.disk;
    if (place === null || node.dir.flash === null) return ENOENT;
    if (disk.hides(place, node.name) || this.#marks.hidesBelow(parent, node.name)) return EEXIST;
    if (disk.stat(place, node.name, stat) >= 0) return EEXIST;
    const source = openNode(this.#tree, node, O_RDONLY | O_DIRECTORY);
    if (source < 0) return source;
    const err = this.#copy(node, parent, source, join(place.path(), node.name));
    close(source);
    if (err < 0) return err;
    node.dir.disk = disk.child(place, node.name, null);
    node.flags &= ~(SIDE_KNOWN | FROM_DISK);
    bindMarks(this.#marks.marks, node);
    return 0;
  }

  #copy(node: DirNode, parent: DirNode, sourceFd: number, diskPath: ByteString): number {
    const open = this.#stage.open();
    if (typeof open === 'number') return open;
    const { stage, features } = open;
    const err = statxFd(sourceFd, stat);
    if (err < 0) return err;
    const origin = { inoLo: node.inoLo, inoHi: node.inoHi, diskPath, flashLo: stat.inoLo, flashHi: stat.inoHi };
    // Durable first: without it the directory would show disk's number after a power cut. Rare, so it is waited for here.
    const marked = this.#marks.origin(parent, node.name, origin);
    if (marked < 0) return marked;
    const durable = marked > 0 ? this.#markSync.now() : 0;
    if (durable < 0) return durable;
    const stageName = stage.name();
    const copied = copyObject({ sourceFd, stageDirFd: stage.fd, stageName, data: false, features }, false);
    if (typeof copied === 'number') return copied;
    const dirfd = parent.dir.disk === null ? ENOENT : this.#tree.disk.fd(parent.dir.disk);
    const options = { replace: false, keepParentTimes: true, features };
    const made = dirfd < 0 ? dirfd : publish(stage.fd, stageName, dirfd, node.name, options);
    if (made < 0) rmdirat(stage.fd, stageName);
    return made;
  }
}
