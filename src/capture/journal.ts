// What the session's thread has to say: events, with who caused them, on their way to the log; and counts for `status`. The requester is read
// while it waits in the kernel, so what is said of it is exact. Writing is the main thread's: here events only gather.

import type { ByteString } from '../bytes.ts';
import { display, fromText } from '../bytes.ts';
import type { Errno } from '../errno.ts';
import { errnoName } from '../errno.ts';
import type { Copied } from '../copy/exact-copy.ts';
import { isOfEveryObject } from '../copy/metadata.ts';
import type { Degradation } from '../copy/metadata.ts';
import type { Request } from '../fuse/operation.ts';
import type { CurrentMode, Mode } from '../policy/mode.ts';
import type { SkipReason } from '../policy/capture-policy.ts';
import { objectKind } from '../policy/object-kind.ts';
import type { ObjectKind } from '../policy/object-kind.ts';
import { S_IFLNK, S_IFREG, SKIP_LOGGED } from '../tree/node.ts';
import type { DirNode, Node } from '../tree/node.ts';
import type { Tree } from '../tree/tree.ts';
import type { EventDraft, EventKind } from './event.ts';
import type { Requester, Requesters } from './requester.ts';
import type { Use } from './use.ts';

/** Why an object is on its way to flash. */
export interface Cause {
  readonly kind: 'capture' | 'copy-up';
  /** May still become more exact while the copy is under way. */
  operation: Use | 'change';
  /** As the request had it: may be a thread's. */
  readonly pid: number;
  readonly requester: Requester | null;
  readonly mode: Mode;
  /** More than the operation says, for people. */
  readonly reason?: string;
  /** Path of what was asked for, where this is not it. */
  readonly alongWith?: ByteString;
}

/** Counts since the mount. */
export interface JournalCounts {
  captured: { files: number; symlinks: number; directories: number; specials: number };
  copyUps: number;
  skipped: number;
  mirrored: number;
  bytesCaptured: number;
  bytesCopiedUp: number;
}

export class Journal {
  readonly #tree: Tree;
  readonly #requesters: Requesters;
  readonly #current: CurrentMode;
  #events: EventDraft[] = [];
  readonly #saidOnce = new Set<string>();
  /** On whose behalf something is being done at present, and what they asked for: what is made beside that came along with it. */
  #cause: Cause | null = null;
  #wanted: Node | null = null;
  readonly counts: JournalCounts = {
    captured: { files: 0, symlinks: 0, directories: 0, specials: 0 },
    copyUps: 0,
    skipped: 0,
    mirrored: 0,
    bytesCaptured: 0,
    bytesCopiedUp: 0,
  };

  constructor(tree: Tree, requesters: Requesters, current: CurrentMode) {
    this.#tree = tree;
    this.#requesters = requesters;
    this.#current = current;
  }

  /** Closes what is kept open to read requesters. */
  close(): void {
    this.#requesters.close();
  }

  /** The merged root has been moved. */
  mountedAt(mountpoint: ByteString): void {
    this.#requesters.root = mountpoint;
  }

  /** Events gathered since this was last asked. */
  take(): EventDraft[] | undefined {
    if (this.#events.length === 0) return undefined;
    const events = this.#events;
    this.#events = [];
    return events;
  }

  /** Reads who asks, while it waits. */
  because(req: Request, operation: Cause['operation'], kind: Cause['kind']): Cause {
    return { kind, operation, pid: req.pid, requester: this.#requesters.read(req.pid), mode: this.#current.mode };
  }

  /** The cause of what a process asks us for by itself; `pid` is null where it is not known. */
  asked(pid: number | null, operation: Use): Cause {
    const requester = pid === null ? null : this.#requesters.read(pid);
    return { ...this.unasked(operation, 'capture'), pid: pid ?? 0, requester };
  }

  /** The cause of what nobody waits for. */
  unasked(operation: Cause['operation'], kind: Cause['kind']): Cause {
    return { kind, operation, pid: 0, requester: null, mode: this.#current.mode };
  }

  /** Does `work` on behalf of `cause`, who asked for `wanted`. */
  onBehalf<T>(cause: Cause, wanted: Node, work: () => T): T {
    this.#cause = cause;
    this.#wanted = wanted;
    try {
      return work();
    } finally {
      this.#cause = this.#wanted = null;
    }
  }

  /** Flash has `node` now. */
  copied(node: Node, cause: Cause, copied: Copied, forChange: boolean): void {
    if (cause.kind === 'copy-up' || forChange) {
      this.counts.copyUps++;
      this.counts.bytesCopiedUp += copied.bytes;
    } else {
      const { captured } = this.counts;
      if (node.kind === S_IFREG) captured.files++;
      else if (node.kind === S_IFLNK) captured.symlinks++;
      else captured.specials++;
      this.counts.bytesCaptured += copied.bytes;
    }
    const path = this.#tree.path(node);
    this.#say(cause.kind, path, objectKind(node.kind), cause, {
      bytes: copied.bytes,
      ...(cause.reason === undefined ? {} : { reason: cause.reason }),
      ...(cause.alongWith === undefined ? {} : along(cause.alongWith)),
    });
    this.#degraded(path, objectKind(node.kind), copied.degraded, cause);
  }

  /** Flash has this directory now. */
  directoryMade(node: DirNode, degraded: readonly Degradation[]): void {
    this.counts.captured.directories++;
    const path = this.#tree.path(node);
    const beside = this.#wanted === null || this.#wanted === node ? {} : along(this.#tree.path(this.#wanted));
    this.#say(this.#cause?.kind ?? 'capture', path, 'directory', this.#cause, { bytes: 0, ...beside });
    this.#degraded(path, 'directory', degraded, this.#cause);
  }

  /** Flash's `node` has this name, too. */
  named(node: Node, parent: DirNode, name: ByteString): void {
    const more = { bytes: 0, reason: 'hard link', ...along(this.#tree.path(node)) };
    this.#say(
      this.#cause?.kind ?? 'capture',
      this.#tree.pathOf(parent, name),
      objectKind(node.kind),
      this.#cause,
      more,
    );
  }

  /** Not captured now; said once per object. */
  skipped(node: Node, cause: Cause, reason: SkipReason): void {
    if (node.has(SKIP_LOGGED)) return;
    node.flags |= SKIP_LOGGED;
    this.counts.skipped++;
    this.#say('skip', this.#tree.path(node), objectKind(node.kind), cause, { reason });
  }

  /** A rule keeps `node` away from flash, as it should; said once per object, and not counted as a failure to capture. */
  excluded(node: Node, req: Request, operation: Use, rule: () => string): void {
    if (node.has(SKIP_LOGGED)) return;
    node.flags |= SKIP_LOGGED;
    const cause = this.because(req, operation, 'capture');
    this.#say('skip', this.#tree.path(node), objectKind(node.kind), cause, { reason: 'excluded', rule: rule() });
  }

  /** Flash's copy of this name was dropped on demand. */
  forgotten(node: Node, parent: DirNode, name: ByteString, cause: Cause): void {
    this.#say('forget', this.#tree.pathOf(parent, name), objectKind(node.kind), cause, {});
  }

  /** Flash's filesystem can hold no such object, not even in part; said once per object. */
  notHeld(node: Node, cause: Cause, err: Errno): void {
    if (node.has(SKIP_LOGGED)) return;
    node.flags |= SKIP_LOGGED;
    this.#say('degraded', this.#tree.path(node), objectKind(node.kind), cause, {
      reason: `not captured: ${errnoName(err)}`,
    });
  }

  failed(node: Node, cause: Cause, err: Errno): void {
    this.#say('error', this.#tree.path(node), objectKind(node.kind), cause, { reason: errnoName(err) });
  }

  /** Flash's copy of this path follows disk's again. */
  mirrored(path: ByteString, kind: number, bytes: number): void {
    this.counts.mirrored++;
    this.#say('mirror', path, objectKind(kind), { ...this.unasked('change', 'capture') }, { bytes });
  }

  /** Flash's copy of this path cannot follow now: an Errno, or that there is no room. */
  notMirrored(path: ByteString, why: Errno | number | 'flash-full'): void {
    const reason = typeof why === 'number' ? errnoName(why) : why;
    this.#say('error', path, 'file', { ...this.unasked('change', 'capture') }, { reason: `not mirrored: ${reason}` });
  }

  /** What a crash left dirty is mirrored now. */
  recovering(path: ByteString): void {
    this.#say('mirror', path, 'file', null, { bytes: 0, reason: 'was left dirty by a crash' });
  }

  /** A change of this path goes to flash, though it belongs on disk. */
  spill(path: ByteString, kind: number, req: Request): void {
    this.#say('spill', path, objectKind(kind), this.because(req, 'change', 'copy-up'), {});
  }

  /** A name that disk has was removed. */
  whiteout(parent: DirNode, name: ByteString, kind: number, req: Request): void {
    this.#say(
      'whiteout',
      this.#tree.pathOf(parent, name),
      objectKind(kind),
      this.because(req, 'change', 'copy-up'),
      {},
    );
  }

  /** A name that only disk could have answered, while it is hidden. */
  miss(parent: DirNode, name: ByteString, kind: number, req: Request): void {
    const cause = this.because(req, 'lookup', 'capture');
    this.#say('miss', this.#tree.pathOf(parent, name), objectKind(kind), cause, {});
  }

  /** Something is mounted where flash has nothing: a standalone boot would lack the place. */
  missedMount(node: Node): void {
    const path = this.#tree.path(node);
    this.#say('miss', path, objectKind(node.kind), this.unasked('mount', 'capture'), {});
  }

  /** The mode is another than it `was`, or is not the default from the start. */
  mode(by: { readonly how: string; readonly pid: number | null; readonly reason?: string }, was?: Mode): void {
    const { mode } = this.#current;
    const { how, pid, reason } = by;
    this.#events.push({
      time: new Date().toISOString(),
      kind: 'mode',
      path: '/',
      objectKind: 'directory',
      operation: how,
      mode,
      ...(was === undefined ? {} : { was }),
      requester: pid === null ? null : this.#requesters.read(pid),
      ...(reason === undefined ? {} : { reason }),
    });
  }

  /** Disk does not answer, or does again. */
  disk(what: 'silent' | 'answers', reason: string): void {
    this.#events.push({
      time: new Date().toISOString(),
      kind: 'disk',
      path: '/',
      objectKind: 'directory',
      operation: what,
      mode: this.#current.mode,
      requester: null,
      reason,
    });
  }

  #degraded(path: ByteString, kind: ObjectKind, degraded: readonly Degradation[], cause: Cause | null): void {
    for (const loss of degraded) {
      const reason = `${loss.what}: ${loss.reason}`;
      if (isOfEveryObject(loss)) {
        if (this.#saidOnce.has(reason)) continue;
        this.#saidOnce.add(reason);
      }
      this.#say('degraded', path, kind, cause, { reason });
    }
  }

  #say(
    kind: EventKind,
    path: ByteString,
    objectKind: ObjectKind,
    cause: Cause | null,
    more: Pick<EventDraft, 'bytes' | 'reason' | 'rule' | 'alongWith' | 'alongWithBytes'>,
  ): void {
    this.#events.push({
      time: new Date().toISOString(),
      kind,
      path: `/${display(path)}`,
      ...bytesOf(path, (pathBytes) => ({ pathBytes })),
      objectKind,
      operation: cause?.operation ?? 'none',
      // That of the decision: a copy may end in another.
      mode: cause?.mode ?? this.#current.mode,
      requester: cause?.requester ?? null,
      ...more,
    });
  }
}

function along(path: ByteString): Pick<EventDraft, 'alongWith' | 'alongWithBytes'> {
  return { alongWith: `/${display(path)}`, ...bytesOf(path, (alongWithBytes) => ({ alongWithBytes })) };
}

/** A field with a path's exact bytes, in hex, where the text for people does not say them. */
function bytesOf<T>(path: ByteString, field: (hex: string) => T): T | object {
  // eslint-disable-next-line no-control-regex -- bytes, control characters included
  if (/^[\x00-\x7f]*$/.test(path) || fromText(display(path)) === path) return {};
  return field(Buffer.from(path, 'latin1').toString('hex'));
}
