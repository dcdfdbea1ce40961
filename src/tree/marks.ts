// Facts about paths that are kept outside the tree: in memory as two tries of names, on flash as a log of records.
//   By path on disk: `whiteout` (disk's object is removed) and `opaque` (flash's object in its place is another one). A directory of
//   disk shows at one place of the merged root at most, wherever that was renamed to, so these never have to be moved.
//   By path in the merged root: `origin`, what flash's object came from (its inode number, a renamed directory's place on disk).
// `whiteout` counts only where flash has no object in its place, `opaque` and `origin` only where it has one: so each may be made
// durable before the change of flash that it belongs to, and a crash between the two leaves the tree as it was.

import type { ByteString } from '../bytes.ts';
import { join } from '../bytes.ts';

/** Where an object on flash comes from. */
export interface Origin {
  /** Inode number as shown, int32 halves. */
  readonly inoLo: number;
  readonly inoHi: number;
  /** For a directory: the path on disk whose content shows through; null: none does. */
  readonly diskPath: ByteString | null;
}

/** The marks of one path, and those of the names below it. */
export class MarkNode {
  whiteout = false;
  /** Number of the record that says so, to ask the log whether it is durable. */
  whiteoutRecord = 0;
  opaque = false;
  opaqueRecord = 0;
  origin: Origin | null = null;
  originRecord = 0;
  children: Map<ByteString, MarkNode> | null = null;

  child(name: ByteString): MarkNode | undefined {
    return this.children?.get(name);
  }

  ensureChild(name: ByteString): MarkNode {
    this.children ??= new Map();
    let node = this.children.get(name);
    if (node === undefined) this.children.set(name, (node = new MarkNode()));
    return node;
  }
}

/** A change of the marks; what the log stores, in order. */
export type MarkRecord =
  /** `path` is on disk; `reveal` takes whiteout and opaque back. */
  | { readonly kind: 'whiteout' | 'opaque' | 'reveal'; readonly path: ByteString }
  /** `path` is in the merged root, here and below. */
  | { readonly kind: 'origin'; readonly path: ByteString; readonly origin: Origin }
  /** `path` has no origin; `prune`: nor has anything below it. */
  | { readonly kind: 'clear' | 'prune'; readonly path: ByteString }
  /** The origins below `from` also hold below `path` (before a directory's rename; `prune` of `from` follows it). */
  | { readonly kind: 'copy'; readonly from: ByteString; readonly path: ByteString };

type InoKey = (lo: number, hi: number) => number | string;

/** Both tries, as a pure function of the records applied to them. */
export class Marks {
  /** By path on disk. */
  readonly disk = new MarkNode();
  /** By path in the merged root. */
  readonly merged = new MarkNode();
  /** Names of disk that are removed now. */
  whiteouts = 0;
  /** Merged path of an object with an origin, by the inode number that it shows: finds the copy of a file with several names. */
  readonly byIno = new Map<number | string, ByteString>();
  readonly #inoKey: InoKey;

  constructor(inoKey: InoKey) {
    this.#inoKey = inoKey;
  }

  apply(record: MarkRecord, number: number): void {
    switch (record.kind) {
      case 'whiteout': {
        const node = ensure(this.disk, record.path);
        if (!node.whiteout) this.whiteouts++;
        node.whiteout = true;
        node.whiteoutRecord = number;
        break;
      }
      case 'opaque': {
        const node = ensure(this.disk, record.path);
        node.opaque = true;
        node.opaqueRecord = number;
        break;
      }
      case 'reveal': {
        const node = find(this.disk, record.path);
        if (node?.whiteout === true) this.whiteouts--;
        if (node !== undefined) node.whiteout = node.opaque = false;
        break;
      }
      case 'origin':
        this.#setOrigin(ensure(this.merged, record.path), record.path, record.origin, number);
        break;
      case 'clear': {
        const node = find(this.merged, record.path);
        if (node !== undefined) node.origin = null;
        break;
      }
      case 'prune': {
        const node = find(this.merged, record.path);
        if (node !== undefined) node.origin = node.children = null;
        break;
      }
      case 'copy': {
        const from = find(this.merged, record.from);
        if (from !== undefined) this.#copyBelow(from, ensure(this.merged, record.path), record.path, number);
        break;
      }
    }
  }

  /** The fewest records that make these marks. */
  *records(): Generator<MarkRecord> {
    for (const [path, node] of walk(this.disk)) {
      if (node.whiteout) yield { kind: 'whiteout', path };
      if (node.opaque) yield { kind: 'opaque', path };
    }
    for (const [path, node] of walk(this.merged))
      if (node.origin !== null) yield { kind: 'origin', path, origin: node.origin };
  }

  /** Whether anything below the merged path has an origin. */
  hasOriginsBelow(path: ByteString): boolean {
    const node = find(this.merged, path);
    if (node?.children == null) return false;
    for (const [, below] of walk(node)) if (below !== node && below.origin !== null) return true;
    return false;
  }

  #setOrigin(node: MarkNode, path: ByteString, origin: Origin, number: number): void {
    node.origin = origin;
    node.originRecord = number;
    this.byIno.set(this.#inoKey(origin.inoLo, origin.inoHi), path);
  }

  #copyBelow(from: MarkNode, to: MarkNode, path: ByteString, number: number): void {
    if (from.children === null) return;
    for (const [name, source] of from.children) {
      const target = to.ensureChild(name);
      const below = join(path, name);
      if (source.origin !== null) this.#setOrigin(target, below, source.origin, number);
      this.#copyBelow(source, target, below, number);
    }
  }
}

export function find(root: MarkNode, path: ByteString): MarkNode | undefined {
  let node: MarkNode | undefined = root;
  if (path !== '') for (const name of path.split('/') as ByteString[]) node = node?.children?.get(name);
  return node;
}

export function ensure(root: MarkNode, path: ByteString): MarkNode {
  let node = root;
  if (path !== '') for (const name of path.split('/') as ByteString[]) node = node.ensureChild(name);
  return node;
}

function* walk(root: MarkNode): Generator<[ByteString, MarkNode]> {
  const open: [ByteString, MarkNode][] = [['' as ByteString, root]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    yield next;
    const [path, node] = next;
    if (node.children !== null) for (const [name, child] of node.children) open.push([join(path, name), child]);
  }
}
