// A path of the merged root, followed name by name as the kernel would: through symlinks above the last name, `..` and all. What is met is made
// known to the tree but not to the kernel: `release` drops what nobody else refers to.

import type { ByteString } from '../bytes.ts';
import { asBytes } from '../bytes.ts';
import { ELOOP, ENOTDIR } from '../errno.ts';
import type { Errno } from '../errno.ts';
import { isDir, S_IFLNK } from './node.ts';
import type { DirNode, Node } from './node.ts';
import { locate } from './place.ts';
import type { Tree } from './tree.ts';

/** A symlink that was followed. */
export interface Hop {
  readonly node: Node;
  readonly path: ByteString;
  readonly target: ByteString;
}

/** Where a path leads. */
export interface Led {
  readonly node: Node;
  /** null for the root, which has no name. */
  readonly parent: DirNode | null;
  readonly name: ByteString;
}

/** Where it leads to nothing: `name` in `parent` has the fault; `rest` would have come behind it. */
export interface LedNowhere {
  /** ENOENT, ENOTDIR, ELOOP, or what a branch gave. */
  readonly err: Errno;
  readonly parent: DirNode;
  readonly name: ByteString;
  readonly rest: readonly string[];
}

const MOST_HOPS = 40;

export class PathWalk {
  readonly #tree: Tree;
  readonly #met: Node[] = [];
  readonly #names: string[];
  #at: DirNode;
  readonly hops: Hop[] = [];

  /** Of `path`, without a leading slash, from the root. */
  constructor(tree: Tree, path: ByteString) {
    this.#tree = tree;
    this.#names = split(path);
    this.#at = tree.root;
  }

  /** Goes to the end, a symlink there not followed. */
  go(): Led | LedNowhere {
    for (;;) {
      const name = asBytes(this.#names.shift() ?? '');
      if (name === '') return this.#here();
      if (name === '..') {
        if (this.#at.parent !== null && isDir(this.#at.parent)) this.#at = this.#at.parent;
        continue;
      }
      const node = this.#tree.lookup(this.#at, name);
      if (typeof node === 'number') return this.#nowhere(name, node);
      this.#met.push(node);
      if (this.#names.length === 0) return { node, parent: this.#at, name };
      if (isDir(node)) {
        this.#at = node;
        continue;
      }
      const err = node.kind === S_IFLNK ? this.#follow(node, name) : ENOTDIR;
      if (err < 0) return this.#nowhere(name, err as Errno);
    }
  }

  /** Goes on from a symlink at which `go` ended. */
  goOn({ node, parent, name }: Led): Led | LedNowhere {
    if (parent === null) return this.#here();
    this.#at = parent;
    const err = this.#follow(node, name);
    return err < 0 ? this.#nowhere(name, err as Errno) : this.go();
  }

  /** To be called before the tree changes. */
  release(): void {
    for (const node of this.#met.reverse()) this.#tree.release(node);
    this.#met.length = 0;
  }

  #follow(node: Node, name: ByteString): number {
    const target = targetOf(this.#tree, node);
    if (typeof target === 'number') return target;
    if (this.hops.length === MOST_HOPS) return ELOOP;
    this.hops.push({ node, path: this.#tree.pathOf(this.#at, name), target });
    if (target.startsWith('/')) this.#at = this.#tree.root;
    this.#names.unshift(...split(target));
    return 0;
  }

  #here(): Led {
    const { parent } = this.#at;
    return { node: this.#at, parent: parent !== null && isDir(parent) ? parent : null, name: this.#at.name };
  }

  #nowhere(name: ByteString, err: Errno): LedNowhere {
    return { err, parent: this.#at, name, rest: this.#names };
  }
}

/** What a symlink says. Errors: of finding and reading it. */
export function targetOf(tree: Tree, node: Node): ByteString | Errno {
  const place = locate(tree, node);
  return typeof place === 'number' ? (place as Errno) : place.calls.readlink(place.dir, place.dirfd, place.name);
}

function split(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}
