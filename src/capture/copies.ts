// The jobs: objects on their way to flash. A capture waits in a queue until copy threads have room; a copy-up goes at once, and takes a
// queued capture of the same object along. However many ask for an object, it is copied once and they are all answered.

import type { Errno } from '../errno.ts';
import { ENAMETOOLONG, ENOENT, errnoName } from '../errno.ts';
import { laneOf } from '../copy/copy-pool.ts';
import type { CopyPool } from '../copy/copy-pool.ts';
import type { Copied } from '../copy/exact-copy.ts';
import type { Stage } from '../copy/stage.ts';
import type { Deferred } from '../fuse/operation.ts';
import type { CurrentMode } from '../policy/mode.ts';
import type { SkipReason } from '../policy/capture-policy.ts';
import { newStat, statxFd } from '../sys/stat.ts';
import { CAPTURE_QUEUED, isDir } from '../tree/node.ts';
import type { Node } from '../tree/node.ts';
import { openToCopy } from '../tree/place.ts';
import type { Tree } from '../tree/tree.ts';
import type { Admission } from './admission.ts';
import type { Backlog } from './backlog.ts';
import type { Directories } from './directories.ts';
import type { Cause, Journal } from './journal.ts';
import type { Landing } from './landing.ts';

/** Copies given to threads at a time: bounds descriptors and what a power cut can cost. */
const MAX_COPYING = 128;
/** Captures that wait; at this number, those who would add one wait themselves. */
const MAX_QUEUED = 4096;
/** Captures started at most between two requests. */
const BATCH = 32;
/** How often at most flash is asked whether it has room again; ms. */
const RETRY_EVERY = 200;

interface Job {
  readonly node: Node;
  readonly cause: Cause;
  readonly waiters: Deferred[];
  /** Told of its end. */
  readonly watchers: ((refused: string | null) => void)[];
  refused: SkipReason | null;
  /** False: the object is about to be cut to nothing. */
  data: boolean;
  /** A change waits for it. */
  urgent: boolean;
  started: boolean;
  /** Flash has it under its first name. */
  landed: boolean;
  /** The number that the node shows: with another one, it has become another object. */
  readonly inoLo: number;
  readonly inoHi: number;
  /** Bytes of flash that are put aside for it. */
  room: number;
}

export interface CopiesOptions {
  readonly tree: Tree;
  readonly pool: CopyPool;
  readonly stage: Stage;
  readonly directories: Directories;
  readonly landing: Landing;
  readonly admission: Admission;
  readonly backlog: Backlog;
  readonly journal: Journal;
  readonly current: CurrentMode;
}

export class Copies {
  readonly #tree: Tree;
  readonly #pool: CopyPool;
  readonly #stage: Stage;
  readonly #directories: Directories;
  readonly #landing: Landing;
  readonly #admission: Admission;
  readonly #backlog: Backlog;
  readonly #journal: Journal;
  readonly #current: CurrentMode;
  readonly #jobs = new Map<Node, Job>();
  #queue: Job[] = [];
  #next = 0;
  #copying = 0;
  #retriedAt = 0;
  readonly #stat = newStat();
  /** Requests held back until the queue is shorter. */
  #crowd: Deferred[] = [];

  constructor(options: CopiesOptions) {
    this.#tree = options.tree;
    this.#pool = options.pool;
    this.#stage = options.stage;
    this.#directories = options.directories;
    this.#landing = options.landing;
    this.#admission = options.admission;
    this.#backlog = options.backlog;
    this.#journal = options.journal;
    this.#current = options.current;
  }

  get pending(): number {
    return this.#jobs.size - this.#copying;
  }

  get copying(): number {
    return this.#copying;
  }

  /** Captures wait until flash has room. */
  get starved(): boolean {
    return this.#backlog.size > 0;
  }

  /** The queue is as long as it may get: a request that could add to it is held back. */
  get crowded(): boolean {
    return this.pending >= MAX_QUEUED;
  }

  holdBack(deferred: Deferred): void {
    this.#crowd.push(deferred);
  }

  /** A capture, when there is time. `onEnd` is told why it did not come about, or null: it did. */
  queue(node: Node, cause: Cause, onEnd?: (refused: string | null) => void): void {
    let job = this.#jobs.get(node);
    if (job === undefined) this.#queue.push((job = this.#add(node, cause, true)));
    if (onEnd !== undefined) job.watchers.push(onEnd);
  }

  /** The capture under way was asked for by a lookup; the same caller now says what for. */
  refine(node: Node, pid: number, operation: Cause['operation']): void {
    const cause = this.#jobs.get(node)?.cause;
    if (cause?.operation === 'lookup' && cause.pid === pid) cause.operation = operation;
  }

  /** A copy that a change waits for. */
  copyUp(node: Node, data: boolean, cause: Cause, waiter: Deferred): void {
    const job = this.#jobs.get(node) ?? this.#add(node, cause, data);
    job.waiters.push(waiter);
    if (job.started) return;
    job.data ||= data;
    job.urgent = true;
    this.#start(job);
  }

  /** Starts captures as far as there is room: whether anything was done. */
  pump(): boolean {
    if (this.starved && performance.now() - this.#retriedAt > RETRY_EVERY) this.retry();
    let done = 0;
    while (done < BATCH && this.#copying < MAX_COPYING && this.#next < this.#queue.length) {
      const job = this.#queue[this.#next++];
      if (job !== undefined && !job.started) {
        this.#start(job);
        done++;
      }
    }
    if (this.#next > 1024 && this.#next * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#next);
      this.#next = 0;
    }
    return done > 0;
  }

  /** Queues what flash had no room for, if it has more now, and captures are still wanted: else it goes on waiting. */
  retry(): void {
    this.#retriedAt = performance.now();
    if (this.#jobs.size > 0 || this.#current.mode !== 'capture') return;
    this.#backlog.retry((node, cause) => {
      this.queue(node, cause);
    });
  }

  #add(node: Node, cause: Cause, data: boolean): Job {
    const { inoLo, inoHi } = node;
    const job: Job = {
      node,
      cause,
      waiters: [],
      watchers: [],
      refused: null,
      data,
      urgent: false,
      started: false,
      landed: false,
      inoLo,
      inoHi,
      room: 0,
    };
    this.#jobs.set(node, job);
    this.#tree.pin(node);
    node.flags |= CAPTURE_QUEUED;
    return job;
  }

  #start(job: Job): void {
    job.started = true;
    this.#tree.disk.calls.eventually(() => {
      // What was put aside for it when it was last begun.
      this.#admission.end(job.room);
      job.room = 0;
      this.#begin(job);
    });
  }

  #begin(job: Job): void {
    const { node } = job;
    if (!job.urgent) {
      if (node.parent === null) {
        this.#end(job, ENOENT);
        return;
      }
      const refused = this.#admission.refuse(node);
      if (refused !== undefined) {
        this.#skip(job, refused);
        this.#end(job, 0);
        return;
      }
      job.room = this.#admission.begin();
    }
    const err = this.#journal.onBehalf(job.cause, node, () => this.#prepare(job));
    if (err <= 0) this.#end(job, err);
  }

  /** 1 when the copy is under way; 0 when there is nothing (more) to copy; or an Errno. */
  #prepare(job: Job): number {
    const { node } = job;
    if (isStale(job)) return 0;
    if (isDir(node)) return this.#directories.ensure(node);
    if (node.onFlash) return this.#landing.addNames(node);
    if (node.parent !== null && isDir(node.parent)) {
      const above = this.#directories.ensure(node.parent);
      if (above < 0) return above;
    }
    const sourceFd = openToCopy(this.#tree, node);
    if (sourceFd < 0) return sourceFd;
    const stageName = this.#stage.name();
    const { data, urgent } = job;
    const finish = (result: Copied | Errno): void => {
      this.#copying--;
      this.#tree.disk.calls.eventually(() => {
        this.#finish(job, stageName, result);
      });
    };
    this.#copying++;
    if (urgent)
      this.#pool.submit(
        data && statxFd(sourceFd, this.#stat) >= 0 ? laneOf(this.#stat) : 'io',
        { kind: 'copyUp', sourceFd, stageName, data, durable: data },
        finish,
      );
    else this.#pool.submit('capture', { kind: 'copy', sourceFd, stageName, data }, finish);
    return 1;
  }

  #finish(job: Job, stageName: Job['node']['name'], result: Copied | Errno): void {
    if (typeof result === 'number') {
      this.#end(job, result);
      return;
    }
    const { node } = job;
    if (job.landed) {
      this.#end(job, this.#addNames(job));
      return;
    }
    if (isStale(job)) {
      this.#landing.discard(stageName);
      this.#end(job, 0);
      return;
    }
    // A capture of what was removed meanwhile: nobody wants it. A change of it goes on, for who has it open.
    if (node.parent === null && job.waiters.length === 0) {
      this.#landing.discard(stageName);
      this.#end(job, ENOENT);
      return;
    }
    const err = this.#journal.onBehalf(job.cause, node, () => this.#landing.land(node, stageName));
    if (err >= 0) this.#journal.copied(node, job.cause, result, job.waiters.length > 0);
    job.landed = err >= 0;
    this.#end(job, err < 0 ? err : this.#addNames(job));
  }

  // Names that flash has no room for lead to its copy all the same: no reason to refuse a change, least of all when the copy was made without
  // its data, which disk's object would have to show again.
  #addNames(job: Job): number {
    const err = this.#landing.addNames(job.node);
    if (err >= 0 || job.waiters.length === 0) return err;
    this.#failed({ ...job, urgent: false }, err as Errno);
    return 0;
  }

  #end(job: Job, err: number): void {
    const { node, waiters } = job;
    this.#jobs.delete(node);
    node.flags &= ~CAPTURE_QUEUED;
    this.#admission.end(job.room);
    if (err < 0) this.#failed(job, err as Errno);
    for (const waiter of waiters) {
      if (err < 0) waiter.fail(err as Errno);
      else waiter.retry();
    }
    for (const watcher of job.watchers) watcher(job.refused ?? (err < 0 ? errnoName(err) : null));
    this.#tree.unpin(node);
    if (this.#crowd.length > 0 && this.pending < MAX_QUEUED / 2) {
      const crowd = this.#crowd;
      this.#crowd = [];
      for (const deferred of crowd) deferred.retry();
    }
  }

  #failed(job: Job, err: Errno): void {
    if (job.node.parent === null && job.waiters.length === 0) return;
    const reason = this.#admission.failed(err);
    if (reason !== undefined && !job.urgent) this.#skip(job, reason);
    // A name, or a symlink's target.
    else if (err === ENAMETOOLONG && !job.urgent) this.#journal.notHeld(job.node, job.cause, err);
    else this.#journal.failed(job.node, job.cause, err);
  }

  #skip(job: Job, reason: SkipReason): void {
    const { node, cause } = job;
    job.refused = reason;
    this.#journal.skipped(node, cause, reason);
    if (reason === 'flash-full' || reason === 'reserve') this.#backlog.add(node, cause);
  }
}

/** Whether the object went to disk for good meanwhile; who waits for the copy asks again. */
function isStale({ node, inoLo, inoHi }: Job): boolean {
  return node.inoLo !== inoLo || node.inoHi !== inoHi;
}
