// What a symlink pulls to flash: a wanted one that led to something on flash, and now leads to what disk alone has (libfoo.so.1 after an upgrade), would leave
// flash without what it needs.

import type { ByteString } from '../bytes.ts';
import { asBytes, join } from '../bytes.ts';
import { ENOENT } from '../errno.ts';
import { readlinkat } from '../sys/link.ts';
import { isDir, S_IFLNK } from '../tree/node.ts';
import type { Node } from '../tree/node.ts';
import { PathWalk, targetOf } from '../tree/path-walk.ts';
import type { Tree } from '../tree/tree.ts';
import type { Wanted } from './wanted.ts';

/**
 * Merged paths of what flash lacks of the way from the symlink `node`, to be called `path`, if what `was` led to is on flash; of a directory
 * also what has the names there that are wanted below the one before.
 */
export function pulledBy(tree: Tree, wanted: Wanted, node: Node, path: ByteString): ByteString[] {
  const target = targetOf(tree, node);
  const was = targetOnFlash(tree, path);
  if (typeof target === 'number' || typeof was === 'number' || target === was) return [];
  const base = path.slice(0, Math.max(0, path.lastIndexOf('/')));
  const before = wayTo(tree, from(base, was));
  if (before === undefined || before.lacks.size > 0) return [];
  const now = wayTo(tree, from(base, target));
  if (now === undefined) return [];
  const pulled = new Set(now.lacks);
  if (before.directory !== null && now.directory !== null && now.directory !== before.directory)
    for (const below of wanted.below(before.directory)) {
      const same = wayTo(tree, asBytes(now.directory + below.slice(before.directory.length)));
      for (const other of same?.lacks ?? []) pulled.add(other);
    }
  return [...pulled];
}

/** What flash's symlink of this path says; an Errno where it has none. */
function targetOnFlash(tree: Tree, path: ByteString): ByteString | number {
  const slash = path.lastIndexOf('/');
  const parent = slash < 0 ? tree.root : tree.walk(asBytes(path.slice(0, slash)));
  if (typeof parent === 'number') return parent;
  const at = parent.dir?.flash;
  return at == null ? ENOENT : readlinkat(tree.flash.fd(at), asBytes(path.slice(slash + 1)));
}

interface Way {
  /** What flash lacks of it, with the directories above. */
  readonly lacks: ReadonlySet<ByteString>;
  /** What it leads to, if that is a directory. */
  readonly directory: ByteString | null;
}

/** The way to a merged path, symlinks included; undefined where it leads to nothing. */
function wayTo(tree: Tree, path: ByteString): Way | undefined {
  const walk = new PathWalk(tree, path);
  let at = walk.go();
  while (!('err' in at) && at.node.kind === S_IFLNK) at = walk.goOn(at);
  const lacks = new Set<ByteString>();
  let directory: ByteString | null = null;
  if (!('err' in at)) {
    for (const hop of walk.hops) if (!hop.node.onFlash) lacks.add(hop.path);
    const { node } = at;
    directory = isDir(node) ? tree.path(node) : null;
    if (!node.onFlash) lacks.add(directory ?? tree.pathOf(at.parent ?? tree.root, at.name));
    for (let above = node.parent; above !== null && !above.onFlash; above = above.parent) lacks.add(tree.path(above));
  }
  walk.release();
  return 'err' in at ? undefined : { lacks, directory };
}

function from(base: string, target: ByteString): ByteString {
  return target.startsWith('/') ? target : join(asBytes(base), target);
}
