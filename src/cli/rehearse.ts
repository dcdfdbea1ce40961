// `rootsync rehearse`: outside, it goes into a mount namespace of its own; inside, it runs COMMAND on what flash has. How is in inside/.

import { RUN_EXIT } from './exit-codes.ts';
import { rehearseInside, type RehearseRequest } from './inside/rehearsal.ts';
import { enterNamespaces, type Inside } from './run/namespace.ts';
import { Interrupted } from './run/signals.ts';
import { say } from './say.ts';

/** `inside`: the namespaces that this process is in already. */
export async function rehearse(request: RehearseRequest, inside: Inside | undefined): Promise<number> {
  try {
    if (inside === undefined) enterNamespaces('rehearse');
    return await rehearseInside(request, inside);
  } catch (error) {
    say((error as Error).message);
    if (error instanceof Interrupted) return error.exitCode;
    // COMMAND's codes are its own: where it was not begun, all that can go wrong with a mount is one of ours.
    return RUN_EXIT.failed;
  }
}
