// Files with several names on disk that were copied to flash, and whose last name on flash goes while disk has more of them: flash keeps the copy in
// `.rootsync/kept`, because it may have been changed, until one of those names is looked up and gets it.

import { asBytes } from '../bytes.ts';
import type { ByteString } from '../bytes.ts';
import { EEXIST, ENOENT } from '../errno.ts';
import { DirCursor } from '../sys/dir.ts';
import { linkat, unlinkat } from '../sys/link.ts';
import { newStat, statxAt } from '../sys/stat.ts';
import { keptName } from '../tree/hard-links.ts';
import { MULTI_LINK } from '../tree/node.ts';
import type { DirNode, Node } from '../tree/node.ts';
import { locate } from '../tree/place.ts';
import type { Tree } from '../tree/tree.ts';
import type { Landing } from './landing.ts';

const EMPTY = asBytes('');
const stat = newStat();

export class Kept {
  readonly #tree: Tree;
  readonly #fd: number;
  readonly #landing: Landing;

  /** `fd` is the directory's, open to read. */
  constructor(tree: Tree, fd: number, landing: Landing) {
    this.#tree = tree;
    this.#fd = fd;
    this.#landing = landing;
    const cursor = new DirCursor();
    while (cursor.fill(fd) > 0) while (cursor.next()) tree.links.kept.add(cursor.name);
    tree.onKept = (parent, name) => this.#bringBack(parent, name);
  }

  /** `node` is about to lose a name that lies on flash. Errors: what link gives. */
  keep(node: Node): number {
    if (!node.has(MULTI_LINK) || !node.onFlash || this.#tree.links.onDisk(node) <= 0) return 0;
    // Those of the names that are known get the copy now.
    const landed = this.#landing.addNames(node);
    if (landed < 0) return landed;
    const place = locate(this.#tree, node);
    if (typeof place === 'number') return place;
    const err = statxAt(place.dirfd, place.name, stat);
    if (err < 0) return err;
    return stat.nlink > 1 || this.#tree.links.onDisk(node) <= 0 ? 0 : this.take(node, place.dirfd, place.name);
  }

  /** Keeps flash's object (`dirfd`, `name`; the descriptor's own for '') as `node`'s. */
  take(node: Node, dirfd: number, name = EMPTY): number {
    const kept = keptName(node.inoLo, node.inoHi);
    const err = linkat(dirfd, name, this.#fd, kept);
    if (err < 0 && err !== EEXIST) return err;
    this.#tree.links.kept.add(kept);
    return 0;
  }

  #bringBack(parent: DirNode, name: ByteString): number {
    const { inos, links } = this.#tree;
    const number = { inoLo: inos.lo, inoHi: inos.hi };
    const kept = keptName(number.inoLo, number.inoHi);
    const err = this.#landing.nameFrom(this.#fd, kept, parent, name, number);
    if (err < 0 && err !== ENOENT) return err;
    // A crash before this leaves one link too many, which counts as none of the object's names.
    unlinkat(this.#fd, kept);
    links.kept.delete(kept);
    return err;
  }
}
