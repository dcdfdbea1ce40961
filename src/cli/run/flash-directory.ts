// The flash directory of a run: the one that was named, made if it is missing, or a new one that is named after COMMAND.

import { chmodSync, mkdirSync, mkdtempSync, realpathSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { removeSync } from 'fs-extra/esm';
import { RUN_EXIT } from '../exit-codes.ts';
import { Failure } from '../live-mount.ts';
import type { RunRequest } from './options.ts';

export interface FlashDirectory {
  readonly path: string;
  /** It was made by this run: where COMMAND cannot even be started it is taken away again. */
  readonly isNew: boolean;
}

/** @throws Failure */
export function prepareFlash({ draft, flashOnly, command }: RunRequest): FlashDirectory {
  try {
    if (draft.flash === undefined) {
      if (flashOnly) throw new Failure(RUN_EXIT.failed, '--flash-only needs --flash DIR');
      return { path: makeFlash(command[0] ?? '', draft.disk ?? '/'), isNew: true };
    }
    const isNew = !flashOnly && makeDirectory(draft.flash);
    const path = realpathSync(draft.flash);
    if (!statSync(path).isDirectory()) throw new Failure(RUN_EXIT.failed, `flash ${draft.flash} is not a directory`);
    return { path, isNew };
  } catch (error) {
    if (error instanceof Failure) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Failure(
      RUN_EXIT.failed,
      `flash ${draft.flash ?? ''}: ${code === 'ENOENT' ? 'no such directory' : message}`,
    );
  }
}

function makeFlash(command: string, disk: string): string {
  const name = basename(command)
    .replace(/[^\w.+-]/g, '_')
    .slice(0, 64);
  const path = mkdtempSync(join(process.env['TMPDIR'] ?? '/var/tmp', `rootsync-${name}-`));
  // It is to be somebody's `/`: programs of other users must be able to pass through it.
  chmodSync(path, statSync(disk).mode & 0o7777);
  return realpathSync(path);
}

/** Whether it had to be made. */
function makeDirectory(path: string): boolean {
  try {
    mkdirSync(path, 0o755);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Takes a flash directory that this run made away again. */
export function discardFlash({ path, isNew }: FlashDirectory): void {
  if (isNew) removeSync(path);
}
