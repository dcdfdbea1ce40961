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

/** Merged paths of what flash lacks of the way from the symlink `node`, to be called `path`, if what `was` led to is on flash. */
export function pulledBy(tree: Tree, node: Node, path: ByteString): ByteString[] {
  const target = targetOf(tree, node);
  const was = targetOnFlash(tree, path);
  if (typeof target === 'number' || typeof was === 'number' || target === was) return [];
  const before = way(tree, path, was);
  if (before === undefined || before.length > 0) return [];
  return way(tree, path, target) ?? [];
}

/** What flash's symlink of this path says; an Errno where it has none. */
function targetOnFlash(tree: Tree, path: ByteString): ByteString | number {
  const slash = path.lastIndexOf('/');
  const parent = slash < 0 ? tree.root : tree.walk(asBytes(path.slice(0, slash)));
  if (typeof parent === 'number') return parent;
  const at = parent.dir?.flash;
  return at == null ? ENOENT : readlinkat(tree.flash.fd(at), asBytes(path.slice(slash + 1)));
}

/** What flash lacks of where `target` leads and of the way there; undefined where it leads to nothing. */
function way(tree: Tree, path: ByteString, target: ByteString): ByteString[] | undefined {
  const dir = path.slice(0, Math.max(0, path.lastIndexOf('/')));
  const walk = new PathWalk(tree, target.startsWith('/') ? target : join(asBytes(dir), target));
  let at = walk.go();
  while (!('err' in at) && at.node.kind === S_IFLNK) at = walk.goOn(at);
  const lacks: ByteString[] = [];
  if (!('err' in at)) {
    for (const hop of walk.hops) if (!hop.node.onFlash) lacks.push(hop.path);
    if (!at.node.onFlash)
      lacks.push(isDir(at.node) ? tree.path(at.node) : tree.pathOf(at.parent ?? tree.root, at.name));
  }
  walk.release();
  return 'err' in at ? undefined : lacks;
}
