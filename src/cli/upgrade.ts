// `rootsync upgrade`: outside, it goes into a mount namespace of its own; inside, it runs COMMAND in upgrade mode. How is in inside/.

import { RUN_EXIT } from './exit-codes.ts';
import { dryRunInside } from './inside/dry-run.ts';
import { upgradeInside, type UpgradeRequest } from './inside/upgrading.ts';
import { enterNamespaces, type Inside } from './run/namespace.ts';
import { Interrupted } from './run/signals.ts';
import { say } from './say.ts';

/** `inside`: the namespaces that this process is in already. */
export async function upgrade(
  request: UpgradeRequest & { readonly dryRun: boolean },
  inside: Inside | undefined,
): Promise<number> {
  try {
    if (inside === undefined) enterNamespaces('upgrade');
    return await (request.dryRun ? dryRunInside(request, inside) : upgradeInside(request, inside));
  } catch (error) {
    say((error as Error).message);
    if (error instanceof Interrupted) return error.exitCode;
    // COMMAND's codes are its own.
    return RUN_EXIT.failed;
  }
}
