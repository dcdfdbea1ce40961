// COMMAND in a live mount's merged root, inside namespaces of our own: completes the root, has COMMAND wait at a gate until the mount's daemon has been
// told what for, and ends what COMMAND leaves behind. What is borrowed over the connection goes back when this process ends, however that comes.

import { readlinkSync, statSync } from 'node:fs';
import { asBytes, display, fromText, type ByteString } from '../../bytes.ts';
import type { ControlClient } from '../../control/client.ts';
import type { MountEntry } from '../../control/mounts.ts';
import { printable } from '../event-line.ts';
import { Failure, asFailure, talkTo } from '../live-mount.ts';
import { adoptOrphans, endDescendants } from '../run/descendants.ts';
import { furnish } from '../run/furnish.ts';
import { Launcher, callersDescriptors, type CommandResult } from '../run/launcher.ts';
import type { Inside } from '../run/namespace.ts';
import { RunSignals } from '../run/signals.ts';
import { WorkDirectory } from '../run/work-directory.ts';
import { say } from '../say.ts';

export interface MountedRunRequest {
  /** Working directory in the merged root, when not the caller's. */
  readonly chdir: string | undefined;
  /** For names and messages; what is executed is read as bytes (run/raw-words.ts). */
  readonly command: readonly string[];
}

/** How COMMAND ended, or why it did not begin. */
export type CommandEnd = CommandResult | Failure;

export interface MountedRun {
  readonly client: ControlClient;
  readonly signals: RunSignals;
  /** Lets COMMAND go, and waits for its end. */
  readonly command: () => Promise<CommandEnd>;
}

/** What `use` gives, which runs COMMAND. `ours`: processes of this one that COMMAND has not left behind. @throws Failure, Interrupted */
export async function inMount<T>(
  mount: MountEntry,
  request: MountedRunRequest,
  inside: Inside,
  use: (run: MountedRun) => Promise<T>,
  ours: ReadonlySet<number> = new Set(),
): Promise<T> {
  using signals = new RunSignals();
  const client = await talkTo(mount);
  try {
    using work = new WorkDirectory();
    using launcher = startLauncher(mount, request, inside, work, ours);
    await launcher.atGate();
    const command = (): Promise<CommandEnd> => runCommand(launcher, signals, request.command[0] ?? '', ours);
    return await use({ client, signals, command });
  } catch (error) {
    throw asFailure(error, mount);
  } finally {
    client.close();
  }
}

function startLauncher(
  mount: MountEntry,
  request: MountedRunRequest,
  inside: Inside,
  work: WorkDirectory,
  ours: ReadonlySet<number>,
): Launcher {
  const launchers = new Set(ours);
  adoptOrphans((pid) => launchers.has(pid));
  const mountpoint = Buffer.from(mount.mountpoint, 'latin1').toString();
  // In the mode that there is: what is mounted on goes on showing, and making it ready is nothing that COMMAND does.
  if (mountpoint !== '/') furnish(mountpoint, { bind: null, cover: [] }, false);
  const launcher = new Launcher(work, {
    bind: mountpoint,
    ready: mountpoint,
    cover: [],
    dropPowers: inside === 'user',
    chdir: request.chdir ?? callersDirectory(mountpoint),
    descriptors: callersDescriptors(),
    words: request.command.length,
    hashOutput: false,
  });
  if (launcher.pid !== undefined) launchers.add(launcher.pid);
  return launcher;
}

async function runCommand(
  launcher: Launcher,
  signals: RunSignals,
  name: string,
  ours: ReadonlySet<number>,
): Promise<CommandEnd> {
  signals.passTo((signal) => {
    launcher.send(signal);
  });
  try {
    return await launcher.run();
  } catch (error) {
    // Its program, its directory, or its loader are not there: to be told with all else.
    if (error instanceof Failure) return error;
    throw error;
  } finally {
    signals.stopPassing();
    await endDescendants(name, ours);
  }
}

/** Where the caller is, as in the merged root, or `/` where that is not there; null: where it is the same. */
function callersDirectory(mountpoint: string): string | null {
  const within = directoryWithin(fromText(mountpoint));
  if (within !== null || mountpoint === '/') return within;
  const cwd = asBytes(readlinkSync('/proc/self/cwd', 'latin1'));
  // Looked at in the mode that there is: it is nothing that COMMAND asks for.
  const path = Buffer.from(fromText(mountpoint) + cwd, 'latin1');
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return null;
  say(`the merged root has no ${printable(display(cwd))}: the command runs in its /`);
  return '/';
}

/** Where the caller is, as in the merged root; null: elsewhere, or where it is the same. */
export function directoryWithin(mountpoint: ByteString): string | null {
  const cwd = asBytes(readlinkSync('/proc/self/cwd', 'latin1'));
  if (mountpoint === '/' || (cwd !== mountpoint && !cwd.startsWith(`${mountpoint}/`))) return null;
  return Buffer.from(cwd.slice(mountpoint.length) || '/', 'latin1').toString();
}
