// Flash gives up a name that disk shows, before disk loses it: what is left is an object of disk alone, and that is changed as such. The name is dirty by then: a
// crash before disk's change brings flash's copy back from disk.

import type { ByteString } from '../bytes.ts';
import { ENOENT } from '../errno.ts';
import { unlinkat } from '../sys/link.ts';
import { nameOnFlash } from '../tree/names.ts';
import type { DirNode, Node } from '../tree/node.ts';
import { flashFd } from './creation.ts';
import type { Engine } from './engine.ts';
import { keepReachable } from './removal.ts';

/** `node`, no directory, under one of its names. Errors: what unlink gives. */
export function giveUpOnFlash(engine: Engine, node: Node, parent: DirNode, name: ByteString): number {
  const { tree } = engine;
  if (!nameOnFlash(node, parent, name)) return 0;
  // Who has flash's copy open in a way that cannot be moved goes on with it.
  if (node.open?.fixed === true && !node.open.onDisk) {
    const kept = keepReachable(engine, node);
    if (kept < 0) return kept;
  }
  const dirfd = flashFd(engine, parent);
  const gone = dirfd < 0 ? dirfd : unlinkat(dirfd, name);
  if (gone < 0 && gone !== ENOENT) return gone;
  tree.nameLost(node, parent, name);
  return 0;
}
