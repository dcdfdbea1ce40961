// One object of the merged root, while the kernel or the engine refers to it. Kept small: a tree of 200,000 of them is normal, so
// facts that few nodes have (handles, second names, listings) hang off it. Only the session's thread touches nodes; only Tree
// changes links, presence and lookup counts.

import type { BranchDir } from '../branch/branch-dir.ts';
import type { ByteString } from '../bytes.ts';
import { NONE } from './name-trie.ts';
import type { OpenState } from './open-state.ts';

export const S_IFMT = 0o170000;
export const S_IFLNK = 0o120000;
export const S_IFREG = 0o100000;
export const S_IFDIR = 0o040000;

/** Node flags. */
export const ON_FLASH = 1; // the primary name exists on flash
export const MULTI_LINK = 2; // has or had several names: nlink and identity need care
export const CAPTURE_QUEUED = 4; // a capture or copy-up is under way
export const SKIP_LOGGED = 8; // a reason for not capturing it has been logged
export const EXCLUDE_KNOWN = 16; // EXCLUDED says what the rules decided
export const EXCLUDED = 32;
export const PAGES_STALE = 64; // the kernel's pages of it may be older than its backing
export const PAGES_GIVEN = 128; // the kernel was given its content, and has not asked for any since
export const DIRECTORY_SKIPPED = 256; // an excluded directory that is not even made on flash
export const MOUNTED_ON = 512; // something is mounted on it or below it: while it is, its name must not vanish
export const FROM_DISK = 1024; // flash has it too, but disk's is what is shown and changed
export const SIDE_KNOWN = 2048; // FROM_DISK says what was decided
export const OPENED_BEFORE = 8192; // opened to be read, and closed, at least once
export const DISK_ORPHAN = 4096; // without a name that is known, because it was taken from disk itself: changes of it stay on disk
/** What was concluded from an object's path, and holds only while it is called so. */
export const OF_PATH = SKIP_LOGGED | EXCLUDE_KNOWN | EXCLUDED | DIRECTORY_SKIPPED | FROM_DISK | SIDE_KNOWN;

/** A further name of an object with hard links. */
export interface Link {
  readonly parent: Node;
  readonly name: ByteString;
  onFlash: boolean;
}

/** What only directories have. */
export interface Directory {
  readonly children: Map<ByteString, Node>;
  /** Its place on flash; null while flash lacks it. */
  flash: BranchDir | null;
  /** Its place on disk (elsewhere than its path after a rename); null where disk has none or it is hidden for good. */
  disk: BranchDir | null;
  /** Node of `marks.disk` for `disk`; NONE while nothing is marked there. */
  hides: number;
  /** Its node of `marks.merged`; NONE while no name in it has an origin. */
  origins: number;
}

export class Node {
  readonly id: number;
  readonly generation: number;
  /** S_IFMT bits. */
  readonly kind: number;
  flags = 0;
  /** References that the kernel holds. */
  lookups = 0;
  /** References that the engine holds (a capture under way). */
  pins = 0;
  /** The primary name; parent null for the root and for what has no name any more. */
  parent: Node | null;
  name: ByteString;
  /** Inode number as shown, two int32 halves. */
  inoLo: number;
  inoHi: number;
  aliases: Link[] | null = null;
  readonly dir: Directory | null;
  open: OpenState | null = null;

  constructor(
    id: number,
    generation: number,
    kind: number,
    parent: Node | null,
    name: ByteString,
    inoLo: number,
    inoHi: number,
  ) {
    this.id = id;
    this.generation = generation;
    this.kind = kind;
    this.parent = parent;
    this.name = name;
    this.inoLo = inoLo;
    this.inoHi = inoHi;
    this.dir = kind === S_IFDIR ? { children: new Map(), flash: null, disk: null, hides: NONE, origins: NONE } : null;
  }

  get onFlash(): boolean {
    return (this.flags & ON_FLASH) !== 0;
  }

  has(flag: number): boolean {
    return (this.flags & flag) !== 0;
  }

  set(flag: number, on: boolean): void {
    this.flags = on ? this.flags | flag : this.flags & ~flag;
  }
}

/** A node known to be a directory. */
export type DirNode = Node & { readonly dir: Directory };

export function isDir(node: Node): node is DirNode {
  return node.dir !== null;
}
