// `rootsync run`: outside, it goes into namespaces; inside, it runs COMMAND. How each is done is in run/.

import { RUN_EXIT } from './exit-codes.ts';
import { Failure } from './live-mount.ts';
import { enterNamespaces, type Inside } from './run/namespace.ts';
import type { RunRequest } from './run/options.ts';
import { Interrupted } from './run/signals.ts';
import { supervise } from './run/supervise.ts';
import { say } from './say.ts';

/** `inside`: the namespaces that this process is in already. */
export async function run(request: RunRequest, inside: Inside | undefined): Promise<number> {
  try {
    if (inside === undefined) enterNamespaces('run');
    return await supervise(request, inside);
  } catch (error) {
    say((error as Error).message);
    return error instanceof Failure || error instanceof Interrupted ? error.exitCode : RUN_EXIT.failed;
  }
}
