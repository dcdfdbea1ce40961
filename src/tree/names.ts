// The names of a node: one primary, further ones as links. Keeps three things true: both directions of a name (node to parent, parent's children to
// node) are set together, the primary name is one that lies on flash if any does, and nothing is known of a path that is another now.

import type { ByteString } from '../bytes.ts';
import { DISK_ORPHAN, OF_PATH, ON_FLASH } from './node.ts';
import type { DirNode, Node } from './node.ts';

/** `node` is also called `name` in `parent`. */
export function attach(node: Node, parent: DirNode, name: ByteString, onFlash: boolean): void {
  parent.dir.children.set(name, node);
  node.flags &= ~DISK_ORPHAN;
  forgetPath(node);
  if (node.parent === null) {
    node.parent = parent;
    node.name = name;
    node.set(ON_FLASH, onFlash);
    return;
  }
  (node.aliases ??= []).push({ parent, name, onFlash });
  preferFlash(node);
}

/** `node` is no longer called that; its parent is null once it has no name. */
export function detach(node: Node, parent: DirNode, name: ByteString): void {
  if (parent.dir.children.get(name) === node) parent.dir.children.delete(name);
  if (node.parent === parent && node.name === name) {
    const next = node.aliases?.shift();
    node.parent = next?.parent ?? null;
    node.flags &= ~OF_PATH;
    if (next !== undefined) {
      node.name = next.name;
      node.set(ON_FLASH, next.onFlash);
      preferFlash(node);
    }
  } else if (node.aliases !== null) {
    node.aliases = node.aliases.filter((link) => link.parent !== parent || link.name !== name);
  }
  if (node.aliases?.length === 0) node.aliases = null;
}

/** Whether this name of `node` lies on flash. */
export function nameOnFlash(node: Node, parent: Node, name: ByteString): boolean {
  if (node.parent === parent && node.name === name) return node.onFlash;
  return node.aliases?.some((link) => link.parent === parent && link.name === name && link.onFlash) ?? false;
}

/** This name of `node` now lies on flash, or does not any more. */
export function setNameOnFlash(node: Node, parent: Node, name: ByteString, onFlash: boolean): void {
  const link = node.aliases?.find((l) => l.parent === parent && l.name === name);
  if (link !== undefined) link.onFlash = onFlash;
  else if (node.parent === parent && node.name === name) node.set(ON_FLASH, onFlash);
  preferFlash(node);
}

/** `node` has other names than before, and so has all that is known below it. */
function forgetPath(node: Node): void {
  node.flags &= ~OF_PATH;
  if (node.dir !== null) for (const child of node.dir.children.values()) forgetPath(child);
}

function preferFlash(node: Node): void {
  if (node.onFlash || node.aliases === null || node.parent === null) return;
  const at = node.aliases.findIndex((link) => link.onFlash);
  const better = node.aliases[at];
  if (better === undefined) return;
  node.aliases[at] = { parent: node.parent, name: node.name, onFlash: false };
  node.parent = better.parent;
  node.name = better.name;
  node.flags |= ON_FLASH;
}
