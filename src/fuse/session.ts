// One kernel session: the receive loop, run synchronously by the thread that calls `run`, one request at a time. Knows no
// filesystem and no mount. While it runs nothing else of its thread's event loop does; other threads reach it by the eventfd.

import { availableParallelism } from 'node:os';
import { EAGAIN, ECONNABORTED, EINTR, EIO, ENODEV, ENOENT } from '../errno.ts';
import type { Errno } from '../errno.ts';
import { yieldProcessor } from '../sys/process.ts';
import type { InitIn } from '../wire/init.ts';
import { initOut } from '../wire/init.ts';
import type { InterruptIn } from '../wire/requests/session.ts';
import { Writer } from '../wire/writer.ts';
import type { Channel } from './channel.ts';
import { Counters } from './counters.ts';
import { Dispatcher } from './dispatch.ts';
import type { BugReport } from './dispatch.ts';
import { MAX_IO, negotiate } from './negotiate.ts';
import type { Negotiated, Wants } from './negotiate.ts';
import { Notify } from './notify.ts';
import type { NotificationSink } from './notify.ts';
import { NO_REPLY, OK } from './operation.ts';
import type { Operations, Request } from './operation.ts';
import { REPLY_ROOM, Replies } from './replies.ts';
import { SPIN_MS, Spin } from './spin.ts';
import { Stream } from './stream.ts';
import { Waitlist } from './waitlist.ts';

/** What the session tells and asks its owner; all are called on its thread, between requests unless said. */
export interface Hooks {
  /** INIT was answered; the first request comes next. */
  onNegotiated?(negotiated: Negotiated): void;
  /** Someone signalled the eventfd, once or several times. */
  onWake?(): void;
  /**
   * No request is waiting: a moment for work ahead of need. True: something was done, and if there is still no request it is
   * called again; false: nothing to do until after the next request or wake. One call should take less than a request.
   */
  idle?(): boolean;
  /** When onDeadline is due (performance.now(), ms), if at all. Asked often. */
  nextDeadline?(): number | undefined;
  /** Is no CPU idle? Asked within some requests; decides for how long it is looked for the next one. Without it: as if none were. */
  isCrowded?(): boolean;
  /** Requests have begun to come one upon the other, or have ceased to. */
  onStream?(on: boolean): void;
  onDeadline?(): void;
  /** Something threw, or was answered twice, or was refused by the kernel. Called within the request, which gets EIO. */
  onBug?(error: unknown, request: BugReport | undefined): void;
}

export interface SessionOptions<C> {
  readonly channel: Channel;
  readonly operations: Partial<Operations<C>>;
  readonly context: C;
  readonly hooks?: Hooks;
  readonly wants?: Wants;
  /** For `notify`; see startNotifier. */
  readonly notifier?: NotificationSink;
  /** Where counts are kept, for other threads to read (newCounterMemory). */
  readonly counters?: SharedArrayBuffer;
  /** How long to look for a next request before sleeping, in ms; 0 never. Default: 0.5, and 0 on one CPU. */
  readonly spin?: number;
  /** What was agreed when the connection was young: INIT is not awaited, since the kernel sends it once. */
  readonly negotiated?: Negotiated;
}

/** Why a session is over. After `stopped` the connection lives on, and requests wait in it. */
export type Ending =
  | { readonly reason: 'unmounted' | 'aborted' | 'stopped' }
  | { readonly reason: 'refused'; readonly why: string }
  | { readonly reason: 'failed'; readonly errno: Errno };

/** The kernel wants room for a write of max_write with its headers, in one read. */
const FRAME_ROOM = MAX_IO + 4096;
/** Requests, or looks in vain, between two looks at the eventfd and the deadline. */
const CHECK_EVERY = 16;

export class Session<C> {
  readonly notify: Notify;
  private readonly channel: Channel;
  private readonly hooks: Hooks;
  private readonly wants: Wants;
  private readonly counters: Counters;
  private readonly spin: Spin;
  private readonly stream: Stream;
  private readonly waitlist: Waitlist;
  private readonly dispatcher: Dispatcher<C>;
  /** One buffer for frame and reply, since the system call layer remembers the address of the last one. */
  private readonly memory = Buffer.allocUnsafeSlow(FRAME_ROOM + REPLY_ROOM);
  private readonly report: (error: unknown) => void;
  private agreed: Negotiated | undefined;
  /** Agreed, and onNegotiated not called yet. */
  private news: Negotiated | undefined = undefined;
  private ending: Ending | undefined = undefined;

  constructor(options: SessionOptions<C>) {
    const { channel, hooks = {}, operations, context } = options;
    this.channel = channel;
    this.hooks = hooks;
    this.wants = wantsOf(options);
    this.counters = new Counters(options.counters);
    const isCrowded = () => this.guarded(() => hooks.isCrowded?.()) !== false;
    this.spin = new Spin(options.spin ?? (availableParallelism() > 1 ? SPIN_MS : 0), isCrowded);
    this.stream = new Stream((on) => this.guarded(() => hooks.onStream?.(on)));
    this.notify = new Notify(channel, options.notifier);
    this.report = (error) => {
      this.counters.event('bugs');
      hooks.onBug?.(error, this.dispatcher.describe());
    };
    const { counters, report } = this;
    const replies = new Replies(channel, report);
    const waitlist = new Waitlist(replies, counters, report);
    this.waitlist = waitlist;
    const own = {
      init: (req: Request, arg: InitIn) => this.init(req, arg),
      interrupt: (_req: Request, arg: InterruptIn) => this.interrupt(arg),
      destroy: () => OK,
      notifyReply: () => NO_REPLY,
    };
    const out = new Writer(this.memory);
    this.dispatcher = new Dispatcher({
      operations,
      context,
      own,
      out,
      start: FRAME_ROOM,
      replies,
      waitlist,
      counters,
      report,
    });
    if (options.negotiated !== undefined) this.adopt(options.negotiated);
  }

  /** What was agreed with the kernel, once it was. */
  get negotiated(): Negotiated | undefined {
    return this.agreed;
  }

  /** Requests that wait for a later answer. */
  get waiting(): number {
    return this.waitlist.size;
  }

  /** Has `run` return, once the request being served is answered. For hooks and handlers. */
  stop(): void {
    this.ending ??= { reason: 'stopped' };
  }

  /** Serves until the connection ends or `stop` is called. */
  run(): Ending {
    this.ending = undefined;
    let mayIdle = true;
    let slept = false;
    let checkIn = CHECK_EVERY;
    while (this.ending === undefined) {
      const size = this.channel.receive(this.memory, FRAME_ROOM);
      if (size > 0) {
        this.serve(size, slept);
        slept = false;
        mayIdle = true;
      } else if (size !== EAGAIN) {
        this.ending = endOf(size as Errno);
      } else {
        if (mayIdle) mayIdle = this.guarded(() => this.hooks.idle?.()) === true;
        if (mayIdle) this.between();
        else if (this.spin.again(performance.now())) {
          if (this.spin.isPolite) yieldProcessor();
        } else {
          slept = true;
          // Between the request that ends a sleep and its answer nothing else is looked at, but for every now and then.
          if (!this.sleep()) checkIn = 0;
        }
      }
      if (--checkIn <= 0) {
        if (this.check()) mayIdle = true;
        checkIn = CHECK_EVERY;
      }
    }
    this.stream.ended();
    return this.ending;
  }

  private serve(size: number, slept: boolean): void {
    const now = performance.now();
    if (slept) this.spin.woken(now);
    else this.spin.hit(now);
    const answeredAt = this.dispatcher.serve(this.memory, size, now);
    this.spin.served(answeredAt);
    this.stream.served();
    this.between();
  }

  /** Does what handlers and hooks have left to be done. */
  private between(): void {
    for (let again = this.waitlist.takeRetries(); again !== undefined; again = this.waitlist.takeRetries()) {
      for (const waiting of again) this.dispatcher.serveAgain(waiting);
    }
    this.notify.flush();
    if (this.news === undefined) return;
    const { news } = this;
    this.news = undefined;
    this.guarded(() => this.hooks.onNegotiated?.(news));
  }

  /** Whether a request alone ended it. */
  private sleep(): boolean {
    const deadline = this.guarded(() => this.hooks.nextDeadline?.());
    const ms = deadline === undefined ? undefined : Math.max(0, deadline - performance.now());
    this.spin.missed();
    this.stream.ended();
    this.counters.event('sleeps');
    return this.channel.sleep(ms);
  }

  /** Looks at the eventfd and the deadline; true when one of them had something to do. */
  private check(): boolean {
    let did = false;
    if (this.channel.woken()) {
      this.counters.event('wakes');
      this.guarded(() => this.hooks.onWake?.());
      did = true;
    }
    const deadline = this.guarded(() => this.hooks.nextDeadline?.());
    if (deadline !== undefined && deadline <= performance.now()) {
      this.guarded(() => this.hooks.onDeadline?.());
      did = true;
    }
    if (did) this.between();
    return did;
  }

  /** A hook that throws must not end the session: its mount would hang. */
  private guarded<T>(hook: () => T): T | undefined {
    try {
      return hook();
    } catch (error) {
      this.report(error);
      return undefined;
    }
  }

  private init(req: Request, offer: InitIn): number {
    const result = negotiate(offer, this.wants);
    if ('refused' in result) {
      this.ending = { reason: 'refused', why: result.refused };
      return EIO;
    }
    initOut(req.out, result.out);
    if (result.agreed !== undefined) {
      this.adopt(result.agreed);
      this.news = result.agreed;
    }
    return OK;
  }

  private adopt(negotiated: Negotiated): void {
    this.agreed = negotiated;
    this.dispatcher.useSetxattrExt(negotiated.setxattrExt);
  }

  private interrupt(arg: InterruptIn): number {
    this.counters.event('interrupts');
    this.waitlist.interrupt(arg.uniqueLo, arg.uniqueHi);
    return NO_REPLY;
  }
}

/** A kernel that was promised READDIRPLUS does not fall back to READDIR. */
function wantsOf<C>({ wants = {}, operations }: SessionOptions<C>): Wants {
  if (operations.readdirplus !== undefined) return wants;
  return { ...wants, without: [...(wants.without ?? []), 'FUSE_DO_READDIRPLUS'] };
}

/** What an error of receiving means; undefined: nothing, ask again (a request was taken back, a signal came). */
function endOf(err: Errno): Ending | undefined {
  if (err === ENOENT || err === EINTR) return undefined;
  if (err === ENODEV) return { reason: 'unmounted' };
  if (err === ECONNABORTED) return { reason: 'aborted' };
  return { reason: 'failed', errno: err };
}
