// A dry run of an upgrade, inside its mount namespace: a second mount, of overlays over the branches of the live one, is upgraded and thrown away. The live mount goes on
// meanwhile, and should have nothing to do: what changes below an overlay, the overlay may show or not.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { lstatSync } from 'node:fs';
import type { Change, ExcludeRule, Status } from '../../control/protocol.ts';
import { liveMounts, type MountEntry } from '../../control/mounts.ts';
import { fromText } from '../../bytes.ts';
import { MAIN } from '../entry.ts';
import { RUN_EXIT } from '../exit-codes.ts';
import { asFailure, Failure, findMount, talkTo } from '../live-mount.ts';
import type { Inside } from '../run/namespace.ts';
import { RunSignals } from '../run/signals.ts';
import { tellChanges, type Needs, type Upgraded } from './change-list.ts';
import { directoryWithin, inMount } from './mounted-run.ts';
import { Overlays } from './overlays.ts';
import { exitCodeOf, upgrade, type UpgradeRequest } from './upgrading.ts';

const LOOK_MS = 20;

/** The exit code. @throws Failure, Interrupted */
export async function dryRunInside(request: UpgradeRequest, inside: Inside): Promise<number> {
  if (inside !== 'mount') throw new Failure(RUN_EXIT.failed, '--dry-run mounts overlays: run it as root');
  const live = findMount(request.mount);
  using signals = new RunSignals();
  const { status, rules } = await signals.unlessInterrupted(factsOf(live));
  using overlays = new Overlays(status, [status.flash, status.mountpoint]);
  const daemon = serve(overlays, rules);
  try {
    const mount = await signals.unlessInterrupted(mounted(overlays.root, daemon));
    const here = { ...request, chdir: request.chdir ?? directoryWithin(live.mountpoint) ?? undefined };
    const upgraded = await inMount(mount, here, inside, upgrade, new Set([daemon.pid ?? 0]));
    tellChanges(upgraded, request, needsOf(upgraded, overlays.flash, status));
    return exitCodeOf(upgraded);
  } finally {
    await end(daemon);
  }
}

interface Facts {
  readonly status: Status;
  readonly rules: readonly ExcludeRule[];
}

/** Of the live mount, once it has nothing left to copy. */
async function factsOf(live: MountEntry): Promise<Facts> {
  const client = await talkTo(live);
  try {
    await client.request('settle', {});
    const status = await client.request('status', {});
    const { rules } = await client.request('excludes', {});
    if (status.detached) throw new Failure(RUN_EXIT.failed, 'disk is detached: rootsync attach brings it back');
    return { status, rules };
  } catch (error) {
    throw asFailure(error, live);
  } finally {
    client.close();
  }
}

/** A daemon of its own, which ends with this process, however that ends. */
function serve(overlays: Overlays, rules: readonly ExcludeRule[]): ChildProcess {
  // Those given to the live mount are kept on flash.
  const given = rules.filter(({ source }) => source === 'option' || source === 'file');
  const excludes = given.flatMap(({ glob }) => ['--exclude', glob]);
  const branches = ['--flash', overlays.flash, '--disk', overlays.disk];
  const options = ['--mode', 'hold', '--no-passthrough', ...excludes];
  const words = [process.execPath, ...process.execArgv, MAIN, 'mount', '--foreground', ...branches, ...options];
  return spawn('setpriv', ['--pdeathsig', 'TERM', ...words, overlays.root], { stdio: ['ignore', 'ignore', 'pipe'] });
}

/** Its mount, once it answers. @throws Failure: with what it said when it ended instead. */
async function mounted(root: string, daemon: ChildProcess): Promise<MountEntry> {
  let said = '';
  const gone = new AbortController();
  daemon.stderr?.on('data', (text: Buffer) => (said += text.toString()));
  daemon.once('error', (error) => (said += error.message));
  for (const event of ['error', 'close']) daemon.once(event, () => gone.abort());
  for (;;) {
    if (gone.signal.aborted) throw new Failure(RUN_EXIT.failed, `--dry-run: its mount cannot be made: ${said.trim()}`);
    const mount = liveMounts().find(({ mountpoint }) => mountpoint === fromText(root));
    if (mount !== undefined && (await answers(mount))) return mount;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

async function answers(mount: MountEntry): Promise<boolean> {
  try {
    const client = await talkTo(mount);
    client.close();
    return true;
  } catch {
    // It is there before its socket is.
    return false;
  }
}

async function end(daemon: ChildProcess): Promise<void> {
  if (daemon.exitCode !== null || daemon.signalCode !== null || daemon.pid === undefined) return;
  const gone = once(daemon, 'exit');
  daemon.kill('SIGTERM');
  await gone;
}

/** What flash has grown by, against what it has. */
function needsOf({ changed }: Upgraded, flash: string, status: Status): Needs {
  const sum = changed
    .filter(({ on }) => on !== 'disk')
    .reduce((all, change) => all + bytesOf(flash, change) - bytesOf(status.flash, change), 0);
  return { flash: Math.max(0, sum), free: status.space.free };
}

function bytesOf(flash: string, { path, pathBytes }: Change): number {
  const exact =
    pathBytes === undefined
      ? Buffer.from(path)
      : Buffer.from(`/${Buffer.from(pathBytes, 'hex').toString('latin1')}`, 'latin1');
  const stat = lstatSync(Buffer.concat([Buffer.from(flash), exact]), { throwIfNoEntry: false });
  return stat === undefined ? 0 : stat.blocks * 512;
}
