// A rehearsal, inside its namespaces: completes the live mount's root, has the mode turned to rehearse for as long as this process is
// connected, runs COMMAND in it, and tells what was missed. Whatever ends this process ends the rehearsal: the daemon sees to that.

import { openSync, readlinkSync } from 'node:fs';
import { asBytes, type ByteString } from '../../bytes.ts';
import type { ControlClient } from '../../control/client.ts';
import type { MountEntry } from '../../control/mounts.ts';
import { isMissedBy } from '../../report/misses.ts';
import { Failure, asFailure, findMount, talkTo } from '../live-mount.ts';
import { adoptOrphans, endDescendants } from '../run/descendants.ts';
import { furnish } from '../run/furnish.ts';
import { Launcher, callersDescriptors } from '../run/launcher.ts';
import type { Inside } from '../run/namespace.ts';
import { RunSignals } from '../run/signals.ts';
import { WorkDirectory } from '../run/work-directory.ts';
import { RUN_EXIT } from '../exit-codes.ts';
import { say, writeAll } from '../say.ts';
import { listOf, tellMisses, type Rehearsed } from './miss-list.ts';

export interface RehearseRequest {
  readonly mount: string | undefined;
  /** Where the list of what is missing goes; `-`: stdout. */
  readonly list: string | undefined;
  readonly json: boolean;
  readonly quiet: boolean;
  /** Working directory in the merged root, when not the caller's. */
  readonly chdir: string | undefined;
  /** For names and messages; what is executed is read as bytes (run/raw-words.ts). */
  readonly command: readonly string[];
}

/** The exit code. @throws Failure, Interrupted */
export async function rehearseInside(request: RehearseRequest, inside: Inside): Promise<number> {
  using signals = new RunSignals();
  const mount = findMount(request.mount);
  // Before anything else, so that a list that cannot be written does not cost a run.
  const list = request.list === undefined ? undefined : openList(request.list);
  const client = await talkTo(mount);
  try {
    using work = new WorkDirectory();
    const rehearsed = await rehearse(request, inside, { mount, client, work, signals });
    if (list !== undefined) writeAll(list, listOf(rehearsed.own));
    tellMisses(rehearsed, request);
    return exitCodeOf(rehearsed);
  } finally {
    client.close();
  }
}

/** @throws Failure */
function openList(file: string): number {
  if (file === '-') return 1;
  try {
    return openSync(file, 'w');
  } catch (error) {
    throw new Failure(RUN_EXIT.failed, `--list ${file}: ${(error as Error).message}`);
  }
}

interface Stage {
  readonly mount: MountEntry;
  readonly client: ControlClient;
  readonly work: WorkDirectory;
  readonly signals: RunSignals;
}

async function rehearse(request: RehearseRequest, inside: Inside, stage: Stage): Promise<Rehearsed> {
  const { mount, client, work, signals } = stage;
  const launchers = new Set<number>();
  adoptOrphans((pid) => launchers.has(pid));
  const mountpoint = Buffer.from(mount.mountpoint, 'latin1').toString();
  // In the mode that there is: what is mounted on goes on showing, and making it ready is nothing that COMMAND does.
  if (mountpoint !== '/') furnish(mountpoint, { bind: null, cover: [] }, false);
  using launcher = new Launcher(work, {
    bind: mountpoint,
    ready: mountpoint,
    cover: [],
    dropPowers: inside === 'user',
    chdir: request.chdir ?? directoryWithin(mount.mountpoint),
    descriptors: callersDescriptors(),
    words: request.command.length,
    hashOutput: false,
  });
  if (launcher.pid !== undefined) launchers.add(launcher.pid);
  await launcher.atGate();
  try {
    const { complete } = await client.request('rehearse', {});
    if (!complete) say('the kernel has not taken all that it was told: what it still knows of disk will not be missed');
    const ended = await runCommand(launcher, signals, request.command[0] ?? '');
    const { misses, more } = await client.request('misses', {});
    await client.request('rehearse', { end: true });
    const own = misses.filter((miss) => isMissedBy(miss, process.pid));
    return { ended, own, others: misses.length - own.length, more };
  } catch (error) {
    throw asFailure(error, mount);
  }
}

async function runCommand(launcher: Launcher, signals: RunSignals, name: string): Promise<Rehearsed['ended']> {
  signals.passTo((signal) => {
    launcher.send(signal);
  });
  try {
    return await launcher.run();
  } catch (error) {
    // Very likely for what is to be told now: its program, its directory, or its loader are not on flash.
    if (error instanceof Failure) return error;
    throw error;
  } finally {
    signals.stopPassing();
    await endDescendants(name);
  }
}

/** Where the caller is, as in the merged root; null: elsewhere, or where it is the same. */
function directoryWithin(mountpoint: ByteString): string | null {
  const cwd = asBytes(readlinkSync('/proc/self/cwd', 'latin1'));
  if (mountpoint === '/' || (cwd !== mountpoint && !cwd.startsWith(`${mountpoint}/`))) return null;
  return Buffer.from(cwd.slice(mountpoint.length) || '/', 'latin1').toString();
}

function exitCodeOf({ ended, own }: Rehearsed): number {
  return ended.exitCode === 0 && own.length > 0 ? RUN_EXIT.lacked : ended.exitCode;
}
