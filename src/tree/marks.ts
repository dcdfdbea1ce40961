// Facts about paths that are kept outside the tree: in memory as two tries of names, on flash as a log of records.
//   By path on disk: `whiteout` (disk's object is removed), `opaque` (flash's object in its place is another one) and `spent` (a name, one of
//   several, that no longer counts as disk's: flash has it, or nobody has). A directory of disk shows at one place of the merged root
//   at most, wherever that was renamed to, so these never have to be moved.
//   By path in the merged root: `origin`, what flash's object came from (its inode number, a renamed directory's place on disk).
// `whiteout` counts only where flash has no object in its place, `opaque` only where it has one, `origin` only where it has the very one (by
// its inode number) that the mark is about; a path can have several. So each may be made durable before the change of flash that it
// belongs to, and a crash between the two leaves the tree as it was.

import type { ByteString } from '../bytes.ts';
import { join } from '../bytes.ts';

/** Where an object on flash comes from. */
export interface Origin {
  /** Inode number as shown, int32 halves. */
  readonly inoLo: number;
  readonly inoHi: number;
  /** For a directory: the path on disk whose content shows through; null: none does. */
  readonly diskPath: ByteString | null;
  /** Which object on flash it is about: inode number there, int32 halves; 0, 0 is whatever has the path. */
  readonly flashLo: number;
  readonly flashHi: number;
}

/** An object of disk with several names, of which some are spent. */
export interface DiskLinks {
  /** Inode number as shown, int32 halves. */
  readonly inoLo: number;
  readonly inoHi: number;
  /** Names that disk has of it. */
  readonly links: number;
  /** How many of them are spent. */
  spent: number;
}

/** The marks of one path, and those of the names below it. */
export class MarkNode {
  whiteout = false;
  /** Number of the record that says so, to ask the log whether it is durable. */
  whiteoutRecord = 0;
  opaque = false;
  opaqueRecord = 0;
  spent: DiskLinks | null = null;
  /** The newest last. */
  origins: Origin[] | null = null;
  /** Number of the record that added the newest. */
  originRecord = 0;
  children: Map<ByteString, MarkNode> | null = null;

  child(name: ByteString): MarkNode | undefined {
    return this.children?.get(name);
  }

  /** Where the object comes from that has this inode number on flash. */
  originOf(flashLo: number, flashHi: number): Origin | null {
    let any: Origin | null = null;
    for (const origin of this.origins ?? []) {
      if (origin.flashLo === flashLo && origin.flashHi === flashHi) return origin;
      if (origin.flashLo === 0 && origin.flashHi === 0) any = origin;
    }
    return any;
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
  /** `path` is on disk; `reveal` takes all of these back. */
  | { readonly kind: 'whiteout' | 'opaque' | 'reveal'; readonly path: ByteString }
  | {
      readonly kind: 'spent';
      readonly path: ByteString;
      readonly inoLo: number;
      readonly inoHi: number;
      readonly links: number;
    }
  /** Flash itself, by what changes when it is copied elsewhere: there, inode numbers are others, and origins are believed by path alone. */
  | { readonly kind: 'home'; readonly path: ByteString }
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
  /** Flash as the last `home` said. */
  home: ByteString | null = null;
  /** Objects of disk of whose several names some are spent, by the inode number that they show. */
  readonly links = new Map<number | string, DiskLinks>();
  /** Merged paths of objects with an origin, by the inode number that they show: finds the copy of a file with several names. */
  readonly #paths = new Map<number | string, ByteString[]>();
  readonly #inoKey: InoKey;

  constructor(inoKey: InoKey) {
    this.#inoKey = inoKey;
  }

  apply(record: MarkRecord, number: number): void {
    switch (record.kind) {
      case 'whiteout':
        this.whiteoutAt(ensure(this.disk, record.path), number);
        break;
      case 'opaque':
        this.opaqueAt(ensure(this.disk, record.path), number);
        break;
      case 'reveal': {
        const node = find(this.disk, record.path);
        if (node === undefined) break;
        if (node.whiteout) this.whiteouts--;
        node.whiteout = node.opaque = false;
        if (node.spent !== null) node.spent.spent--;
        node.spent = null;
        break;
      }
      case 'spent':
        this.#spend(ensure(this.disk, record.path), record);
        break;
      case 'home':
        if (this.home !== null && this.home !== record.path) this.#believeByPath();
        this.home = record.path;
        break;
      case 'origin':
        this.originAt(ensure(this.merged, record.path), record.path, record.origin, number);
        break;
      case 'clear': {
        const node = find(this.merged, record.path);
        if (node !== undefined) this.#forgetAll(node, record.path);
        break;
      }
      case 'prune': {
        const node = find(this.merged, record.path);
        if (node === undefined) break;
        for (const [path, below] of walk(node, record.path)) this.#forgetAll(below, path);
        node.children = null;
        break;
      }
      case 'copy': {
        const from = find(this.merged, record.from);
        if (from !== undefined) this.#copyBelow(from, ensure(this.merged, record.path), record.path, number);
        break;
      }
    }
  }

  /** As a `whiteout` record for the path of `node`, a node of `disk`. */
  whiteoutAt(node: MarkNode, number: number): void {
    if (!node.whiteout) this.whiteouts++;
    node.whiteout = true;
    node.whiteoutRecord = number;
  }

  /** As an `opaque` record for the path of `node`, a node of `disk`. */
  opaqueAt(node: MarkNode, number: number): void {
    node.opaque = true;
    node.opaqueRecord = number;
  }

  /** As an `origin` record for `path`, which `node` of `merged` has. */
  originAt(node: MarkNode, path: ByteString, origin: Origin, number: number): void {
    const { origins } = node;
    if (origins === null) {
      this.#remember(node, path, origin);
    } else {
      const others = origins.filter((o) => o.flashLo !== origin.flashLo || o.flashHi !== origin.flashHi);
      this.#forgetAll(node, path);
      for (const one of [...others, origin]) this.#remember(node, path, one);
    }
    node.originRecord = number;
  }

  /** How many records `records` gives. */
  count(): number {
    let count = this.home === null ? 0 : 1;
    const open = [this.disk, this.merged];
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      count += Number(node.whiteout) + Number(node.opaque) + Number(node.spent !== null) + (node.origins?.length ?? 0);
      if (node.children !== null) for (const child of node.children.values()) open.push(child);
    }
    return count;
  }

  /** The fewest records that make these marks. */
  *records(): Generator<MarkRecord> {
    if (this.home !== null) yield { kind: 'home', path: this.home };
    for (const [path, node] of walk(this.disk)) {
      if (node.whiteout) yield { kind: 'whiteout', path };
      if (node.opaque) yield { kind: 'opaque', path };
      if (node.spent !== null) {
        const { inoLo, inoHi, links } = node.spent;
        yield { kind: 'spent', path, inoLo, inoHi, links };
      }
    }
    for (const [path, node] of walk(this.merged))
      for (const origin of node.origins ?? []) yield { kind: 'origin', path, origin };
  }

  /** Whether anything below the merged path has an origin. */
  hasOriginsBelow(path: ByteString): boolean {
    const node = find(this.merged, path);
    if (node?.children == null) return false;
    for (const [, below] of walk(node)) if (below !== node && below.origins !== null) return true;
    return false;
  }

  /** Merged paths at which an object with this key was put; not all of them need to exist. */
  paths(key: number | string): readonly ByteString[] {
    return this.#paths.get(key) ?? [];
  }

  #spend(node: MarkNode, { inoLo, inoHi, links }: Extract<MarkRecord, { kind: 'spent' }>): void {
    if (node.spent !== null) return;
    const key = this.#inoKey(inoLo, inoHi);
    let all = this.links.get(key);
    if (all === undefined) this.links.set(key, (all = { inoLo, inoHi, links, spent: 0 }));
    all.spent++;
    node.spent = all;
  }

  #remember(node: MarkNode, path: ByteString, origin: Origin): void {
    (node.origins ??= []).push(origin);
    const key = this.#inoKey(origin.inoLo, origin.inoHi);
    const paths = this.#paths.get(key);
    if (paths === undefined) this.#paths.set(key, [path]);
    else if (!paths.includes(path)) paths.push(path);
  }

  #forgetAll(node: MarkNode, path: ByteString): void {
    for (const { inoLo, inoHi } of node.origins ?? []) {
      const key = this.#inoKey(inoLo, inoHi);
      const left = this.#paths.get(key)?.filter((other) => other !== path) ?? [];
      if (left.length > 0) this.#paths.set(key, left);
      else this.#paths.delete(key);
    }
    node.origins = null;
  }

  #believeByPath(): void {
    for (const [path, node] of [...walk(this.merged)]) {
      const newest = node.origins?.at(-1);
      if (newest === undefined) continue;
      this.#forgetAll(node, path);
      this.#remember(node, path, { ...newest, flashLo: 0, flashHi: 0 });
    }
  }

  #copyBelow(from: MarkNode, to: MarkNode, path: ByteString, number: number): void {
    if (from.children === null) return;
    for (const [name, source] of from.children) {
      const target = to.ensureChild(name);
      const below = join(path, name);
      for (const origin of source.origins ?? []) this.originAt(target, below, origin, number);
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

function* walk(root: MarkNode, top = '' as ByteString): Generator<[ByteString, MarkNode]> {
  const open: [ByteString, MarkNode][] = [[top, root]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    yield next;
    const [path, node] = next;
    if (node.children !== null) for (const [name, child] of node.children) open.push([join(path, name), child]);
  }
}
