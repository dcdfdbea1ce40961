// An upgrade, inside its namespaces: has the mode turned to upgrade for as long as this process is connected, runs COMMAND in the merged root, waits until
// flash is in sync, and tells what was changed.

import { RUN_EXIT } from '../exit-codes.ts';
import { findMount } from '../live-mount.ts';
import type { Inside } from '../run/namespace.ts';
import { onTerminal, say } from '../say.ts';
import { tellChanges, type Upgraded } from './change-list.ts';
import { inMount, type MountedRun, type MountedRunRequest } from './mounted-run.ts';

export interface UpgradeRequest extends MountedRunRequest {
  readonly mount: string | undefined;
  readonly json: boolean;
  readonly quiet: boolean;
}

/** The exit code. @throws Failure, Interrupted */
export async function upgradeInside(request: UpgradeRequest, inside: Inside): Promise<number> {
  const upgraded = await inMount(findMount(request.mount), request, inside, upgrade);
  tellChanges(upgraded, request);
  return exitCodeOf(upgraded);
}

export function exitCodeOf({ ended, behind }: Upgraded): number {
  return ended.exitCode === 0 && behind > 0 ? RUN_EXIT.behind : ended.exitCode;
}

/** Runs COMMAND in mode upgrade. @throws what talking to the mount throws */
export async function upgrade({ client, signals, command }: MountedRun): Promise<Upgraded> {
  await client.request('upgrade', {});
  const ended = await command();
  if (onTerminal) say('waiting until flash is in sync');
  await signals.unlessInterrupted(client.request('sync', {}));
  const { mirror } = await client.request('status', {});
  const changes = await client.request('changes', {});
  await client.request('upgrade', { end: true });
  return { ended, behind: mirror.failed, ...changes };
}
