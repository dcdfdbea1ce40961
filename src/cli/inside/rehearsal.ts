// A rehearsal, inside its namespaces: has the mode turned to rehearse for as long as this process is connected, runs COMMAND in the merged root, and
// tells what was missed.

import { openSync } from 'node:fs';
import { isMissedBy } from '../../report/misses.ts';
import { Failure, findMount } from '../live-mount.ts';
import type { Inside } from '../run/namespace.ts';
import { RUN_EXIT } from '../exit-codes.ts';
import { say, writeAll } from '../say.ts';
import { listOf, tellMisses, type Rehearsed } from './miss-list.ts';
import { inMount, type MountedRun, type MountedRunRequest } from './mounted-run.ts';

export interface RehearseRequest extends MountedRunRequest {
  readonly mount: string | undefined;
  /** Where the list of what is missing goes; `-`: stdout. */
  readonly list: string | undefined;
  readonly json: boolean;
  readonly quiet: boolean;
}

/** The exit code. @throws Failure, Interrupted */
export async function rehearseInside(request: RehearseRequest, inside: Inside): Promise<number> {
  const mount = findMount(request.mount);
  // Before anything else, so that a list that cannot be written does not cost a run.
  const list = request.list === undefined ? undefined : openList(request.list);
  const rehearsed = await inMount(mount, request, inside, rehearse);
  if (list !== undefined) writeAll(list, listOf(rehearsed.own));
  tellMisses(rehearsed, request);
  return exitCodeOf(rehearsed);
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

async function rehearse({ client, command }: MountedRun): Promise<Rehearsed> {
  const { complete } = await client.request('rehearse', {});
  if (!complete) say('the kernel has not taken all that it was told: what it still knows of disk will not be missed');
  const ended = await command();
  const { misses, more } = await client.request('misses', {});
  await client.request('rehearse', { end: true });
  const own = misses.filter((miss) => isMissedBy(miss, process.pid));
  return { ended, own, others: misses.length - own.length, more };
}

function exitCodeOf({ ended, own }: Rehearsed): number {
  return ended.exitCode === 0 && own.length > 0 ? RUN_EXIT.lacked : ended.exitCode;
}
