// What an operation works on: the parts of a live merged root, put together by the daemon. Types only.

import type { Capture } from '../capture/capture.ts';
import type { FlashSync } from '../capture/flash-sync.ts';
import type { CopyAhead } from '../capture/copy-ahead.ts';
import type { DiskDirectories } from '../capture/disk-directories.ts';
import type { Kept } from '../capture/kept.ts';
import type { MarkSync } from '../capture/mark-sync.ts';
import type { Routes } from '../capture/routes.ts';
import type { CopyPool } from '../copy/copy-pool.ts';
import type { RemoteDisk } from '../copy/remote-disk.ts';
import type { Features } from '../copy/features.ts';
import type { Stage } from '../copy/stage.ts';
import type { FileHandle, HandleTable } from '../tree/handles.ts';
import type { MarkStore } from '../tree/mark-store.ts';
import type { Tree } from '../tree/tree.ts';
import type { Changes } from '../upgrade/changes.ts';
import type { Mirror } from '../upgrade/mirror.ts';
import type { Ties } from '../upgrade/ties.ts';
import type { Wanted } from '../upgrade/wanted.ts';
import type { EntryOut } from '../wire/replies.ts';
import type { NextFile } from './next-file.ts';
import type { NextListing } from './next-listing.ts';
import type { DataPath } from './data-path.ts';
import type { KernelCache } from './kernel-cache.ts';
import type { Listings } from './listings.ts';
import type { Prefill } from './prefill.ts';
import type { RecentFiles } from './recent-files.ts';
import type { Waiters } from './waiters.ts';

export interface Engine {
  readonly tree: Tree;
  readonly marks: MarkStore;
  readonly markSync: MarkSync;
  readonly flashSync: FlashSync;
  readonly files: HandleTable<FileHandle>;
  readonly listings: Listings;
  readonly data: DataPath;
  readonly prefill: Prefill;
  readonly nextFile: NextFile;
  readonly nextListing: NextListing;
  readonly recentFiles: RecentFiles;
  readonly kernel: KernelCache;
  readonly capture: Capture;
  readonly kept: Kept;
  readonly routes: Routes;
  readonly diskDirectories: DiskDirectories;
  /** Copies on disk of what is renamed or brought there. */
  readonly copyDown: CopyAhead;
  readonly mirror: Mirror;
  readonly wanted: Wanted;
  readonly ties: Ties;
  /** Copies on flash for renames of the mode `upgrade`. */
  readonly aside: CopyAhead;
  /** What is changed, while somebody wants to know. */
  readonly changes: Changes;
  readonly pool: CopyPool;
  /** Where disk may wait without end: how it is asked, and who waits for it. */
  readonly remote: { readonly disk: RemoteDisk; readonly waiters: Waiters } | null;
  /** Reused for every entry reply; its `attr` is the tree's `stat`. */
  readonly entry: EntryOut;
  /** For how long the kernel may believe names and attributes: whole seconds, and nanoseconds beyond. */
  readonly timeout: number;
  readonly timeoutNsec: number;
  /** Longest name that both the protocol and flash can hold, in bytes. */
  readonly nameMax: number;
  /** What flash's filesystem can hold. */
  readonly features: Features;
  /** Flash's. */
  readonly stage: Stage;
  /** The daemon's own ids: who owns what it makes until it is given away. */
  readonly ownUid: number;
  readonly ownGid: number;
}
