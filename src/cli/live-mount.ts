// From what was typed (`-m DIR`, or nothing) to a conversation with a live mount.

import { realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { ClientError, connectToMount, type ControlClient } from '../control/client.ts';
import { liveMounts, selectMount, type MountEntry } from '../control/mounts.ts';
import { display, fromText } from '../bytes.ts';
import { EXIT, EXIT_OF_REFUSAL } from './exit-codes.ts';

/** A failure with its exit code, to be printed and to end the command. */
export class Failure extends Error {
  readonly exitCode: number;

  constructor(exitCode: number, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** The live mount that is meant. @throws Failure */
export function findMount(wanted: string | undefined): MountEntry {
  const found = selectMount(
    liveMounts(),
    wanted === undefined ? undefined : realMountpoint(wanted),
    workingDirectory(),
  );
  if ('message' in found) throw new Failure(EXIT.noMount, found.message);
  return found;
}

/** The live mount whose mountpoint this is, not one that holds it. @throws Failure */
export function findMountAt(mountpoint: string): MountEntry {
  const found = findMount(mountpoint);
  if (found.mountpoint === fromText(realMountpoint(mountpoint))) return found;
  throw new Failure(
    EXIT.noMount,
    `${mountpoint} is no mountpoint of rootsync, but inside the mount at ${display(found.mountpoint)}`,
  );
}

/** Resolves symlinks without touching the mount itself, which may be dead or hang. */
function realMountpoint(path: string): string {
  const absolute = resolve(path);
  if (absolute === '/') return absolute;
  try {
    return join(realpathSync(dirname(absolute)), basename(absolute));
  } catch {
    return absolute;
  }
}

function workingDirectory(): string | undefined {
  try {
    return process.cwd();
  } catch {
    return undefined;
  }
}

/** A connection to a mount's daemon. @throws Failure */
export async function talkTo(mount: MountEntry): Promise<ControlClient> {
  try {
    return await connectToMount(mount);
  } catch (error) {
    throw asFailure(error, mount);
  }
}

/** What went wrong in a conversation, as a Failure; anything else as it is. */
export function asFailure(error: unknown, mount: MountEntry): unknown {
  if (!(error instanceof ClientError)) return error;
  if (error.code !== 'unreachable') {
    return new Failure(EXIT_OF_REFUSAL[error.code] ?? EXIT.failed, `${display(mount.mountpoint)}: ${error.message}`);
  }
  return new Failure(EXIT.unreachable, `the daemon of ${display(mount.mountpoint)} does not answer: ${error.message}`);
}
