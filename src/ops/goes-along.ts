// What goes along when a directory gets another path in upgrade mode: all that flash has of it, and all of it that is wanted. Looked up before anything is changed, so
// that it can be written down, and refused, first.

import type { ByteString } from '../bytes.ts';
import { asBytes } from '../bytes.ts';
import { ENOTDIR } from '../errno.ts';
import { OK } from '../fuse/operation.ts';
import type { Request } from '../fuse/operation.ts';
import { nameOnFlash } from '../tree/names.ts';
import { isDir, S_IFREG } from '../tree/node.ts';
import type { DirNode, Node } from '../tree/node.ts';
import { gather } from '../upgrade/wanted.ts';
import { bringDown } from './bring-down.ts';
import type { Engine } from './engine.ts';

/** Something that the merged root shows. */
export interface Seen {
  readonly onFlash: boolean;
  /** Bytes of its content. */
  readonly size: number;
}

/** Paths below `path`, the path of `node`, that are wanted or lie on flash, be they there or not. Errors: what listing flash gives. */
export function pathsBelow({ tree, wanted }: Engine, node: Node, path: ByteString): Set<ByteString> | number {
  const paths = new Set(wanted.below(path));
  const flash = isDir(node) ? node.dir.flash : null;
  const fd = flash === null ? -1 : tree.flash.fd(flash);
  if (flash === null) return paths;
  const err = fd < 0 ? fd : gather(fd, path, paths);
  return err < 0 ? err : paths;
}

/** What is at `path`; undefined: nothing. */
export function seenAt({ tree }: Engine, path: ByteString): Seen | undefined {
  const slash = path.lastIndexOf('/');
  const name = asBytes(path.slice(slash + 1));
  const parent = tree.walk(asBytes(path.slice(0, Math.max(0, slash))));
  if (typeof parent === 'number') return undefined;
  const node = isDir(parent) ? tree.lookup(parent, name) : ENOTDIR;
  if (typeof node === 'number') {
    tree.release(parent);
    return undefined;
  }
  const seen = { onFlash: nameOnFlash(node, parent, name), size: node.kind === S_IFREG ? tree.stat.size : 0 };
  tree.release(node);
  return seen;
}

/** OK once disk shows what is at each of these paths; else as `bringDown`. */
export function bringAllDown(engine: Engine, paths: Iterable<ByteString>, req: Request): number {
  const { tree } = engine;
  for (const path of paths) {
    const node = tree.walk(path);
    if (typeof node === 'number') continue;
    const down = bringDown(engine, node, req);
    tree.release(node);
    if (down !== OK) return down;
  }
  return OK;
}

/** `path`, which is `from` or below it, once that is called `to`. */
export function movedPath(path: ByteString, from: ByteString, to: ByteString): ByteString {
  return asBytes(to + path.slice(from.length));
}

/** Flash's directory of `node` is now (`parent`, `name`) there. */
export function hangOnFlash(node: DirNode, parent: DirNode, name: ByteString): void {
  const { flash } = node.dir;
  if (flash === null) return;
  flash.parent = parent.dir.flash;
  flash.name = name;
}
