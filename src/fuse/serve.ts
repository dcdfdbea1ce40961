// A whole filesystem in one call, for programs that use `rootsync/fuse` alone: mounts, and runs the session in a thread of its
// own, since its loop is synchronous. The handlers must live in that thread, so a filesystem is a module (ServedModule).

import { Worker } from 'node:worker_threads';
import { EIO, errnoName } from '../errno.ts';
import { close } from '../sys/open.ts';
import { eventfd } from '../sys/poll.ts';
import { newCounterMemory, readCounters } from './counters.ts';
import type { Counts } from './counters.ts';
import type { BugReport } from './dispatch.ts';
import { mountFuse, unmountFuse } from './mount.ts';
import type { MountError, MountOptions } from './mount.ts';
import type { Negotiated, Wants } from './negotiate.ts';
import { startNotifier } from './notifier.ts';
import type { NotifierHandle } from './notifier.ts';
import type { Operations } from './operation.ts';
import type { Ending, Hooks, Session } from './session.ts';

/** What the module of a filesystem exports. Its top level runs in the serving thread, and wherever else it is imported. */
export interface ServedModule<C> {
  readonly operations: Partial<Operations<C>>;
  readonly context: C;
  /** Made for the session before it runs; to keep the session for `notify`, and for hooks. */
  readonly start?: (session: Session<C>) => void;
  readonly hooks?: Hooks;
}

export interface ServeOptions extends Partial<Omit<MountOptions, 'mountpoint'>> {
  readonly wants?: Wants;
  /** As SessionOptions.spin. */
  readonly spin?: number;
  /** What threw in a handler or hook, as text. Default: a process warning. */
  readonly onBug?: (what: string, request: BugReport | undefined) => void;
}

/** `crashed`: the thread threw outside any request. */
export type ServeEnding = Ending | { readonly reason: 'crashed'; readonly error: unknown };

/** A filesystem being served. */
export interface Serving {
  readonly negotiated: Negotiated;
  /** Resolves when the mount is gone; it never rejects. */
  readonly ended: Promise<ServeEnding>;
  /** 0 or an Errno: EBUSY while it is in use, unless lazy. */
  unmount(lazy?: boolean): number;
  /** Resolves when the kernel has acted on all notifications made so far. */
  notified(): Promise<void>;
  counts(): Counts;
}

/** What the thread is given, and what it says. */
export interface ServeOrder {
  readonly fd: number;
  readonly wakeFd: number;
  readonly wants: Wants;
  readonly spin: number | undefined;
  readonly notifier: NotifierHandle;
  readonly counters: SharedArrayBuffer;
}
export type ServeNews =
  | { readonly kind: 'loaded' }
  | { readonly kind: 'negotiated'; readonly negotiated: Negotiated }
  | { readonly kind: 'bug'; readonly what: string; readonly request: BugReport | undefined }
  | { readonly kind: 'ended'; readonly ending: Ending };

/**
 * Mounts the filesystem that `module` (a file: URL) exports; resolves once it answers. Rejects when the module cannot be loaded,
 * before anything is mounted.
 */
export async function serve(
  mountpoint: string,
  module: URL | string,
  options: ServeOptions = {},
): Promise<Serving | MountError> {
  const worker = new Worker(new URL('./serve-thread.js', import.meta.url), { workerData: String(module) });
  const news = newsOf(worker, options.onBug ?? warn);
  const [notifier, loaded] = await Promise.all([startNotifier(), Promise.allSettled([news.loaded])]);
  if (loaded[0].status === 'rejected') {
    await notifier.close();
    throw loaded[0].reason;
  }
  const mounted = mountFuse({ source: 'rootsync-fuse', subtype: 'rootsync-fuse', ...options, mountpoint });
  if ('reason' in mounted) {
    await Promise.all([notifier.close(), worker.terminate()]);
    return mounted;
  }
  notifier.connect(mounted.fd);
  const wakeFd = eventfd();
  const counters = newCounterMemory();
  const order: ServeOrder = {
    fd: mounted.fd,
    wakeFd,
    wants: options.wants ?? {},
    spin: options.spin,
    notifier: notifier.handle,
    counters,
  };
  worker.postMessage(order, [notifier.handle.port]);
  const ended = news.ended.then(async (ending) => {
    // Whatever ended the session, nobody serves the mount any more: without this it would stay, dead.
    if (ending.reason !== 'unmounted') unmountFuse(mounted.mountpoint, true);
    close(mounted.fd);
    close(wakeFd);
    await Promise.all([notifier.close(), worker.terminate()]);
    return ending;
  });
  const negotiated = await Promise.race([news.negotiated, ended]);
  if ('reason' in negotiated)
    return { errno: EIO, reason: `the session ended before it began: ${describe(negotiated)}` };
  return {
    negotiated,
    ended,
    unmount: (lazy = false) => unmountFuse(mounted.mountpoint, lazy),
    notified: () => notifier.drained(),
    counts: () => readCounters(counters),
  };
}

function warn(what: string, request: BugReport | undefined): void {
  process.emitWarning(`${request?.operation ?? 'session'}: ${what}`);
}

function describe(ending: ServeEnding): string {
  if (ending.reason === 'refused') return ending.why;
  if (ending.reason === 'crashed') return String(ending.error);
  return ending.reason === 'failed' ? errnoName(ending.errno) : ending.reason;
}

interface News {
  /** The module is there; rejects when it cannot be. */
  readonly loaded: Promise<void>;
  readonly negotiated: Promise<Negotiated>;
  readonly ended: Promise<ServeEnding>;
}

/** The thread's messages, and its death, as promises. */
function newsOf(worker: Worker, onBug: NonNullable<ServeOptions['onBug']>): News {
  let resolveNegotiated: (negotiated: Negotiated) => void;
  let resolveEnded: (ending: ServeEnding) => void;
  const negotiated = new Promise<Negotiated>((resolve) => (resolveNegotiated = resolve));
  const ended = new Promise<ServeEnding>((resolve) => (resolveEnded = resolve));
  const loaded = new Promise<void>((resolve, reject) => {
    worker.on('message', (news: ServeNews) => {
      if (news.kind === 'loaded') resolve();
      else if (news.kind === 'negotiated') resolveNegotiated(news.negotiated);
      else if (news.kind === 'bug') onBug(news.what, news.request);
      else resolveEnded(news.ending);
    });
    worker.on('error', (error) => {
      reject(error);
      resolveEnded({ reason: 'crashed', error });
    });
    worker.on('exit', (code) => {
      const error = new Error(`the serving thread exited with ${String(code)}`);
      reject(error);
      resolveEnded({ reason: 'crashed', error });
    });
  });
  return { loaded, negotiated, ended };
}
