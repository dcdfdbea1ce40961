// A merged root that is being served: what can be asked of it, and its end.

import { EINVAL, errnoName } from '../errno.ts';
import { procPath } from '../sys/at.ts';
import { close } from '../sys/open.ts';
import type { EventLog } from '../capture/event-log.ts';
import { display } from '../bytes.ts';
import type { ByteString } from '../bytes.ts';
import type { ModeSwitched, Status, Synced } from '../control/protocol.ts';
import { Refusal } from '../control/refusal.ts';
import type { Rule } from '../policy/exclude-rule.ts';
import { unmountFuse } from '../fuse/mount.ts';
import type { Notifier } from '../fuse/notifier.ts';
import type { Ending } from '../fuse/session.ts';
import type { LetGo } from '../ops/letting-go.ts';
import type { SwitchedBy } from '../ops/mode-switch.ts';
import type { Mode } from '../policy/mode.ts';
import { syncfs } from '../sys/io.ts';
import { exitNow } from '../sys/process.ts';
import { mountedAnywhere } from './all-mounts.ts';
import type { MountConfig } from './config.ts';
import type { Borrowed, BorrowedMode, Daemon, DetachHow } from './daemon-api.ts';
import { closeLayout } from './flash-layout.ts';
import { DiskHold } from './disk-hold.ts';
import type { FlashLayout } from './flash-layout.ts';
import type { LiveExcludes } from './live-excludes.ts';
import { ModeControl } from './mode-control.ts';
import type { MountWatch } from './mount-watch.ts';
import type { SessionLink } from './session-link.ts';
import type { QuestionName, Questions } from './session-messages.ts';
import { statusOf } from './status.ts';
import { within } from './within.ts';

/** How long (ms) an answer waits for the kernel to take notifications: a lock that is held for long must not hold up who switches. */
const PATIENCE_MS = 5000;
/** In /proc, the `/` of the booted system, as a daemon finds it whose own is the emptied initramfs. */
const SYSTEM = '1/root';
/** How often who waits for disk to be closed looks again, in ms. */
const LOOK_MS = 200;

/** What a daemon owns from its start on. */
export interface LiveParts {
  readonly config: MountConfig;
  readonly fuseFd: number;
  readonly flashFd: number;
  readonly diskFd: number;
  readonly procFd: number;
  readonly counters: SharedArrayBuffer;
  readonly layout: FlashLayout;
  readonly log: EventLog;
  readonly link: SessionLink;
  readonly notifier: Notifier;
  readonly watch: MountWatch;
  readonly excludes: LiveExcludes;
  /** The mode that flash remembered. */
  readonly keptMode: Mode | null;
}

export class LiveDaemon implements Daemon {
  readonly ended: Promise<void>;
  readonly #parts: LiveParts;
  readonly #mode: ModeControl;
  readonly #disk: DiskHold;
  readonly #notified: () => Promise<boolean>;
  readonly #startedAt = Date.now();

  constructor(parts: LiveParts) {
    this.#parts = parts;
    this.#disk = new DiskHold(parts.config.disk, parts.diskFd, parts.config.systemRoot ? procPath(SYSTEM) : '');
    const { link, layout, notifier, watch } = parts;
    // Captured is what is mounted on here; a name that vanishes takes away what is mounted on it anywhere.
    const mounts = (to: Mode): readonly ByteString[] =>
      to === 'rehearse' ? mountedAnywhere(parts.procFd, watch.device) : watch.places();
    this.#notified = () => within(PATIENCE_MS, notifier.drained());
    this.#mode = new ModeControl(
      { link, home: layout.home, diskWritable: parts.config.diskWritable, mounts, notified: this.#notified },
      parts.keptMode,
    );
    this.ended = parts.link.next('ended').then(({ ending, stuck }) => this.#end(ending, stuck));
  }

  async unmount(options: { readonly lazy?: boolean } = {}): Promise<number> {
    if (this.#parts.config.systemRoot)
      throw new Refusal('unavailable', 'this is the root of the system: it ends when the system does');
    // Gone already: its place and its numbers in the mount table may be another mount's by now.
    if (!(await this.#settled())) return EINVAL;
    // Who waits for a disk that does not answer would keep it busy for ever.
    if (options.lazy === true) this.#parts.link.order({ kind: 'do-without' });
    return unmountFuse(this.#parts.watch.mountpoint, options.lazy ?? false);
  }

  stop(): Promise<void> {
    this.#parts.link.order({ kind: 'stop' });
    return this.ended;
  }

  async status(): Promise<Status> {
    const session = await this.ask('status', null);
    const { fd: diskFd, path: disk } = this.#disk;
    const { config } = this.#parts;
    const mountpoint = display(this.#parts.watch.mountpoint);
    const now = { config: { ...config, disk, mountpoint }, diskFd, detached: this.#mode.away };
    return statusOf({ ...this.#parts, ...now, startedAt: this.#startedAt, session });
  }

  switchMode(to: Mode, by: SwitchedBy): Promise<ModeSwitched> {
    return this.#mode.turn(to, by);
  }

  borrow(mode: BorrowedMode, by: SwitchedBy): Promise<Borrowed> {
    return this.#mode.borrow(mode, by);
  }

  async detach({ force, wait, givenUp }: DetachHow, by: SwitchedBy): Promise<LetGo> {
    this.needDisk('detach');
    await this.settle();
    return this.#mode.sendAway(by, async () => {
      const deadline = performance.now() + wait * 1000;
      for (;;) {
        const answer = await this.ask('let-go', { force, pid: by.pid });
        if (answer.gone) this.#disk.close();
        if (answer.gone || givenUp() || performance.now() >= deadline) return answer;
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      }
    });
  }

  attach(path: string | undefined, by: SwitchedBy): Promise<ModeSwitched> {
    return this.#mode.bringBack(by, async () => {
      const { config } = this.#parts;
      const opened = this.#disk.open(path, [config.flash, config.mountpoint]);
      const isIt = await this.ask('come-back', opened.tree);
      this.#disk.take(opened, isIt);
    });
  }

  needDisk(what: string): void {
    if (this.#mode.away) throw new Refusal('unavailable', `${what}: disk is detached; rootsync attach brings it back`);
  }

  async settle(): Promise<void> {
    await this.#settled();
  }

  /** False: the mount has ended. What has ended has nothing left to copy. */
  async #settled(): Promise<boolean> {
    this.#parts.watch.check();
    try {
      await this.ask('settle', null);
      return true;
    } catch (error) {
      if (error instanceof Refusal && error.code === 'ended') return false;
      throw error;
    }
  }

  get excludes(): readonly Rule[] {
    return this.#parts.excludes.all;
  }

  async addExcludes(globs: readonly string[]): Promise<boolean> {
    await this.#parts.excludes.add(globs, this.#obey);
    return this.#notified();
  }

  async removeExcludes(globs: readonly string[]): Promise<boolean> {
    await this.#parts.excludes.remove(globs, this.#obey);
    return this.#notified();
  }

  readonly #obey = async (rules: readonly Rule[]): Promise<void> => {
    await this.ask('excludes', { rules, mounts: this.#parts.watch.places() });
  };

  async sync(): Promise<Synced> {
    await this.settle();
    const { log, link } = this.#parts;
    log.retry();
    const err = log.sync();
    if (err < 0) throw new Refusal('failed', `the event log cannot be synced: ${errnoName(err)}`);
    const { full } = await link.ask('status', null);
    return { full, unwritten: log.health().queued };
  }

  ask<Q extends QuestionName>(question: Q, about: Questions[Q]['about']): Promise<Questions[Q]['answer']> {
    return this.#parts.link.ask(question, about);
  }

  async #end({ reason }: Ending, stuck: boolean): Promise<void> {
    // Threads that wait for disk end with the process alone, which would wait for them.
    if (stuck) process.once('exit', exitNow);
    const { config, fuseFd, flashFd, layout, log, link, notifier, watch } = this.#parts;
    watch.stop();
    // Aborted or failed: without this the mount would stay, dead. Not one that is gone: the kernel gives its numbers to the next mount, and that would be
    // unmounted instead. A system's root is in nobody's way.
    if (!config.systemRoot && reason !== 'unmounted') unmountFuse(watch.mountpoint, true);
    if (!stuck) await link.close();
    await notifier.close();
    log.close();
    syncfs(flashFd);
    close(fuseFd);
    closeLayout(layout);
    this.#disk.close();
    close(flashFd);
  }
}
