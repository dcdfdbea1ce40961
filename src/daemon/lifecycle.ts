// The life of a daemon process that serves one mount: its control socket, the signals that end it, and its end. Knows the Daemon only by
// its interface, and nothing of terminals.

import { rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { errnoName, EBUSY } from '../errno.ts';
import { fromText } from '../bytes.ts';
import { readMounts, type MountEntry } from '../control/mounts.ts';
import { listen, type ControlServer } from '../control/server.ts';
import { makeSocketDirectory, socketName } from '../control/socket-path.ts';
import { MNT_DETACH, umount2 } from '../sys/mount.ts';
import { handlersOf } from './command-handlers.ts';
import type { Mode } from '../policy/mode.ts';
import type { Daemon } from './daemon-api.ts';
import type { SwitchSignals } from './switch-signals.ts';

/** Opens the control socket of the mount at `mountpoint`. @throws when there is no place for it. */
export async function serveControl(daemon: Daemon, mountpoint: string): Promise<ControlServer> {
  const mount = topMount(mountpoint);
  if (!mount) throw new Error(`${mountpoint} is not in /proc/self/mountinfo`);
  for (let tries = 1; ; tries++) {
    const directory = makeSocketDirectory();
    try {
      const server = await listen(join(directory, socketName(mount.device)), handlersOf(daemon));
      return { path: server.path, close: () => server.close().then(() => removeIfEmpty(directory)) };
    } catch (error) {
      // A daemon that ended at this moment has taken the empty directory away.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || tries === MOST_TRIES) throw error;
    }
  }
}

const MOST_TRIES = 10;

function topMount(mountpoint: string): MountEntry | undefined {
  const at = fromText(mountpoint);
  return readMounts().findLast((entry) => entry.mountpoint === at);
}

function removeIfEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch {
    // The sockets of other mounts are in it.
  }
}

const ENDING: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT', 'SIGHUP'];

/** The signals that ask a daemon to end, held from before its mount exists, so that none can leave a dead mount behind. */
export class EndingSignals {
  readonly #received: NodeJS.Signals[] = [];
  #listener: (() => void) | undefined;
  readonly #receive = (signal: NodeJS.Signals): void => {
    this.#received.push(signal);
    this.#listener?.();
  };

  constructor() {
    for (const signal of ENDING) process.on(signal, this.#receive);
  }

  /** How many came so far, and which came last. */
  get count(): number {
    return this.#received.length;
  }

  get last(): NodeJS.Signals | undefined {
    return this.#received.at(-1);
  }

  /** Calls `listener` at each signal from now on, and once at the next turn if one has come already. */
  listen(listener: () => void): void {
    this.#listener = listener;
    if (this.count > 0) setImmediate(listener);
  }

  [Symbol.dispose](): void {
    for (const signal of ENDING) process.off(signal, this.#receive);
  }
}

export interface ServeOptions {
  readonly signals: EndingSignals;
  readonly switches: SwitchSignals;
  /** Gets lines for the log. */
  readonly say: (line: string) => void;
  /** Called once the mount and its control socket can be used. */
  readonly ready: () => void;
}

/** How long a service that was asked twice to end may take for it, in ms. */
const STOP_MS = 5000;

/**
 * Serves until the mount is gone. A first signal unmounts, lazily if the mount is in use: who holds something open is served until he
 * closes it. A second one ends the service to those, too.
 */
export async function serveUntilEnded(daemon: Daemon, mountpoint: string, options: ServeOptions): Promise<void> {
  const { signals, switches, say, ready } = options;
  const mount = topMount(mountpoint);
  let control: ControlServer | undefined;
  try {
    control = await serveControl(daemon, mountpoint);
  } catch (error) {
    say(`no control socket: ${(error as Error).message}`);
  }
  const forced = new Promise<void>((resolve) => {
    let unmounting = false;
    signals.listen(() => {
      if (signals.count > 1) {
        say('asked again: ending now');
        // Detached first: this process takes the connection with it, and a mount without one would stay, dead.
        if (mount && topMount(mountpoint)?.device === mount.device) umount2(mount.mountpoint, MNT_DETACH);
        void daemon.stop();
        // Should it be stuck, the process goes all the same.
        setTimeout(resolve, STOP_MS).unref();
      } else if (!unmounting) {
        unmounting = true;
        say(`${signals.last ?? ''}: unmounting ${mountpoint}`);
        void unmountForGood(daemon, say);
      }
    });
  });
  followSwitches(daemon, switches, say);
  ready();
  await Promise.race([daemon.ended, forced]);
  await control?.close();
}

/** Has signals turn the daemon's mode switch. */
export function followSwitches(daemon: Daemon, switches: SwitchSignals, say: (line: string) => void): void {
  switches.listen((signal, mode) => void switchMode(daemon, mode, signal, say));
}

async function switchMode(daemon: Daemon, mode: Mode, signal: string, say: (line: string) => void): Promise<void> {
  try {
    const { notKept } = await daemon.switchMode(mode, { how: 'signal', pid: null, reason: signal });
    say(`${signal}: mode ${mode}${notKept === null ? '' : `, which will be forgotten at unmount: ${notKept}`}`);
  } catch (error) {
    say(`${signal}: mode ${mode}: ${(error as Error).message}`);
  }
}

async function unmountForGood(daemon: Daemon, say: (line: string) => void): Promise<void> {
  const result = await daemon.unmount();
  if (result >= 0) return;
  say(`umount: ${errnoName(result)}${result === EBUSY ? ', detaching the mount' : ''}`);
  await daemon.unmount({ lazy: true });
}
