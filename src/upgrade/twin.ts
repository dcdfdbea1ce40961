// A further name of a file of which flash has a right copy by another name: linked to that, as disk has it, and not copied once more.

import type { ByteString } from '../bytes.ts';
import { ENOENT } from '../errno.ts';
import type { Stage } from '../copy/stage.ts';
import { linkat } from '../sys/link.ts';
import { isDir } from '../tree/node.ts';
import type { DirNode, Node } from '../tree/node.ts';
import type { Tree } from '../tree/tree.ts';
import type { Entry } from './entry.ts';

/** A link in the stage to flash's copy of `node`, to be called `path`; null: there is none; `wait`: it is being made. */
export function stageTwin(
  { tree, stage }: { readonly tree: Tree; readonly stage: Stage },
  entries: ReadonlyMap<ByteString, Entry>,
  node: Node,
  path: ByteString,
): ByteString | null | 'wait' {
  const twin = twinOf(tree, entries, node, path);
  if (twin === null || twin === 'wait') return twin;
  const dirfd = twin.parent.dir.flash === null ? ENOENT : tree.flash.fd(twin.parent.dir.flash);
  const stageName = stage.name();
  return dirfd >= 0 && linkat(dirfd, twin.name, stage.fd, stageName) >= 0 ? stageName : null;
}

/** Another name of `node`, which is mirrored as `path`, whose copy on flash is right: to be linked to. `wait`: it is being made. */
function twinOf(
  tree: Tree,
  entries: ReadonlyMap<ByteString, Entry>,
  { parent: first, name: firstName, onFlash: firstOnFlash, aliases }: Node,
  path: ByteString,
): { readonly parent: DirNode; readonly name: ByteString } | null | 'wait' {
  if (aliases === null || first === null) return null;
  for (const { parent, name, onFlash } of [{ parent: first, name: firstName, onFlash: firstOnFlash }, ...aliases]) {
    const other = tree.pathOf(parent, name);
    if (!isDir(parent) || other === path) continue;
    const state = entries.get(other)?.state;
    if (state === 'copying') return 'wait';
    if (onFlash && (state === undefined || state === 'stored')) return { parent, name };
  }
  return null;
}
