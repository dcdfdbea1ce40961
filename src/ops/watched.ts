// Operations whose changes are noted while somebody wants to know what is changed (upgrade/changes.ts): which path, and which branch shows it.

import type { ByteString } from '../bytes.ts';
import { DEFERRED } from '../fuse/operation.ts';
import type { Operation, Request } from '../fuse/operation.ts';
import { RENAME_EXCHANGE } from '../sys/link.ts';
import { O_ACCMODE, O_RDONLY, O_TRUNC } from '../sys/open.ts';
import { newStat } from '../sys/stat.ts';
import { isDir } from '../tree/node.ts';
import type { DirNode, Node } from '../tree/node.ts';
import type { Side } from '../upgrade/changes.ts';
import type { OpenIn } from '../wire/requests/handles.ts';
import type { NameIn, RenameIn } from '../wire/requests/names.ts';
import { pathsOf } from './change.ts';
import type { Engine } from './engine.ts';

type Named = Pick<NameIn, 'name'>;

/** Of those that give a name to something new. */
export function making<In extends Named>(operation: Operation<Engine, In>): Operation<Engine, In> {
  return watched(operation, (engine, { nodeid }, { name }) => {
    const parent = engine.tree.directory(nodeid);
    return () => {
      if (typeof parent !== 'number') made(engine, parent, name, false);
    };
  });
}

/** Of those that take a name away. */
export function removing<In extends Named>(operation: Operation<Engine, In>): Operation<Engine, In> {
  return watched(operation, (engine, { nodeid }, { name }) => {
    const parent = engine.tree.directory(nodeid);
    const node = typeof parent === 'number' ? undefined : parent.dir.children.get(name);
    if (typeof parent === 'number' || node === undefined) return undefined;
    const side = sideOf(engine, node);
    return () => {
      engine.changes.gone(engine.tree.pathOf(parent, name), side);
    };
  });
}

export function renaming(operation: Operation<Engine, RenameIn>): Operation<Engine, RenameIn> {
  return watched(operation, (engine, { nodeid }, { newdir, oldname, newname, flags }) => {
    const { changes, tree } = engine;
    const [from, to] = [tree.directory(nodeid), tree.directory(newdir)];
    if (typeof from === 'number' || typeof to === 'number') return undefined;
    const source = from.dir.children.get(oldname);
    if (source === undefined) return undefined;
    const replaces = to.dir.children.has(newname);
    const side = sideOf(engine, source);
    return () => {
      const oldPath = tree.pathOf(from, oldname);
      if ((flags & RENAME_EXCHANGE) !== 0) made(engine, from, oldname, true);
      else {
        if (isDir(source)) changes.renamed(oldPath, tree.pathOf(to, newname));
        changes.gone(oldPath, side);
      }
      made(engine, to, newname, replaces);
    };
  });
}

/** Of those that change what has a name already. */
export function changing<In>(operation: Operation<Engine, In>): Operation<Engine, In> {
  return watched(operation, (engine, { nodeid }) => {
    const node = engine.tree.get(nodeid);
    if (node === undefined) return undefined;
    return () => {
      for (const path of pathsOf(engine, node)) engine.changes.changed(path, sideOf(engine, node));
    };
  });
}

/** What is written by who opened it is seen by its time afterwards: the kernel may write by itself. */
export function opening(operation: Operation<Engine, OpenIn>): Operation<Engine, OpenIn> {
  return watched(operation, (engine, { nodeid }, { flags }) => {
    const node = engine.tree.get(nodeid);
    if (node === undefined || (flags & (O_ACCMODE | O_TRUNC)) === O_RDONLY) return undefined;
    const before = newStat();
    if (engine.tree.attributes(node, before) < 0) return undefined;
    return () => {
      for (const path of pathsOf(engine, node)) engine.changes.opened(path, sideOf(engine, node), before);
    };
  });
}

/** `begin` looks at what is there before; what it gives notes that it is done. */
function watched<In>(
  operation: Operation<Engine, In>,
  begin: (engine: Engine, req: Request, arg: In) => (() => void) | undefined,
): Operation<Engine, In> {
  return (engine, req, arg) => {
    if (!engine.changes.watched) return operation(engine, req, arg);
    const done = begin(engine, req, arg);
    const outcome = operation(engine, req, arg);
    // Deferred, it runs anew.
    if (outcome >= 0 && outcome !== DEFERRED) done?.();
    return outcome;
  };
}

function made(engine: Engine, parent: DirNode, name: ByteString, before: boolean): void {
  const node = parent.dir.children.get(name);
  if (node !== undefined) engine.changes.made(engine.tree.pathOf(parent, name), sideOf(engine, node), before);
}

function sideOf({ tree }: Engine, node: Node): Side {
  return tree.shownByDisk(node) ? 'disk' : 'flash';
}
