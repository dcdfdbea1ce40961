// Puts this program into namespaces of its own by becoming util-linux's unshare, which starts it again with the same words. (A process with
// several threads, as Node is, cannot unshare a user namespace itself.) The process id stays, and with it the terminal's job control.

import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { asBytes, fromText } from '../../bytes.ts';
import { errnoName } from '../../errno.ts';
import { CAP_SYS_ADMIN, capget, execve } from '../../sys/process.ts';
import { INSIDE_FLAG, MAIN } from '../entry.ts';
import { RUN_EXIT } from '../exit-codes.ts';
import { Failure } from '../live-mount.ts';
import { environment, lastWords } from './raw-words.ts';

/** Which namespaces the run is in: `user` stands for a user namespace and a mount namespace in it. */
export type Inside = 'mount' | 'user';

const UNSHARE_ARGS: Readonly<Record<Inside, readonly string[]>> = {
  mount: ['--mount', '--propagation', 'private'],
  user: ['--user', '--map-current-user', '--keep-caps', '--mount', '--propagation', 'private'],
};

/** Does not return; `command`: the word that stands before the command's options. @throws Failure when there can be no such namespaces. */
export function enterNamespaces(command: string): never {
  const inside: Inside = mayMount() ? 'mount' : 'user';
  const unshare = findUnshare();
  const args = UNSHARE_ARGS[inside];
  const tried = spawnSync(unshare, [...args, '--', 'true'], { encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe'] });
  if (tried.status !== 0) throw refused(inside, tried.error?.message ?? tried.stderr.trim());
  const words = lastWords('self', process.argv.length - 2);
  const at = words.indexOf(asBytes(command)) + 1;
  const argv = [
    ...['unshare', ...args, '--', process.execPath, ...process.execArgv, MAIN].map(fromText),
    ...words.slice(0, at),
    fromText(`${INSIDE_FLAG}=${inside}`),
    ...words.slice(at),
  ];
  const result = execve(fromText(unshare), argv, environment('self'));
  throw new Failure(RUN_EXIT.failed, `${unshare}: ${errnoName(result)}`);
}

function mayMount(): boolean {
  const capabilities = capget();
  return typeof capabilities !== 'number' && (capabilities.effective & (1n << BigInt(CAP_SYS_ADMIN))) !== 0n;
}

function findUnshare(): string {
  for (const directory of [...(process.env['PATH'] ?? '').split(delimiter), '/usr/bin', '/bin']) {
    const path = join(directory, 'unshare');
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // the next one
    }
  }
  throw new Failure(RUN_EXIT.failed, 'unshare is missing: install util-linux');
}

function refused(inside: Inside, why: string): Failure {
  const hint =
    inside === 'mount'
      ? 'this container may not make mount namespaces'
      : 'this system does not let ordinary users make user namespaces; run it as root, or see the settings ' +
        'kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns and user.max_user_namespaces';
  return new Failure(RUN_EXIT.failed, `${why}\n${hint}`);
}
