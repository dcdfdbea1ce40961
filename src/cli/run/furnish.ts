// Completes a root, in a mount namespace of our own, with the host's /proc and its kin, so that programs can run in it.

import { chmodSync, lstatSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { asBytes, fromText } from '../../bytes.ts';
import { errnoName } from '../../errno.ts';
import { MS_BIND, MS_NODEV, MS_NOSUID, MS_RDONLY, MS_REC, MS_UNBINDABLE, mount } from '../../sys/mount.ts';
import { RUN_EXIT } from '../exit-codes.ts';
import type { LaunchSpec } from './spec.ts';

type RootSpec = Pick<LaunchSpec, 'bind' | 'cover'>;

const NONE = asBytes('');

/** A step that failed; ends the launch. */
export class Stop extends Error {
  readonly exitCode: number;

  constructor(exitCode: number, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** @throws Stop where `result` is an errno. */
export function check(result: number, what: string): void {
  if (result < 0) throw new Stop(RUN_EXIT.failed, `${what}: ${errnoName(result)}`);
}

const HOST_DIRECTORIES = ['proc', 'sys', 'dev', 'run', 'tmp'];

/** Mounts the host's own directories in `root`, which is mounted or is bound here; `mayMake`: their mountpoints, where they are missing. @throws Stop */
export function furnish(root: string, spec: RootSpec, mayMake = spec.bind === null): void {
  const at = fromText(root);
  if (spec.bind !== null) check(mount(fromText(spec.bind), at, NONE, MS_BIND | MS_REC, NONE), `bind ${spec.bind}`);
  // Else the bind of /tmp, which the root is in, would hold the root again, and again.
  check(mount(NONE, at, NONE, MS_UNBINDABLE, NONE), 'unbindable root');
  for (const name of HOST_DIRECTORIES) {
    if (!isDirectory(`/${name}`) || !canBeMountpoint(join(root, name), mayMake) || isMounted(root, name)) continue;
    check(mount(fromText(`/${name}`), fromText(join(root, name)), NONE, MS_BIND | MS_REC, NONE), `bind /${name}`);
  }
  for (const path of spec.cover) {
    const target = join(root, path);
    if (!isDirectory(target)) continue;
    const flags = MS_RDONLY | MS_NODEV | MS_NOSUID;
    check(
      mount(asBytes('none'), fromText(target), asBytes('tmpfs'), flags, asBytes('mode=755,size=4k')),
      `cover ${path}`,
    );
  }
}

function isDirectory(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** Somebody has put his own there. */
function isMounted(root: string, name: string): boolean {
  return lstatSync(join(root, name)).dev !== lstatSync(root).dev;
}

/** In a merged root a directory that disk lacks is made; flash alone is taken as it is. A symlink is left alone: it leads where disk wants it to. */
function canBeMountpoint(path: string, mayMake: boolean): boolean {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat) return stat.isDirectory();
  if (!mayMake) return false;
  mkdirSync(path);
  chmodSync(path, path.endsWith('/tmp') ? 0o1777 : 0o755);
  return true;
}
