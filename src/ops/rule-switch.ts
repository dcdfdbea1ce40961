// What was kept away from flash by a rule and is so no more, because the rules are others or its path is: it is captured by its next use, so
// the kernel has to ask for it again.

import type { ByteString } from '../bytes.ts';
import type { Excludes } from '../policy/excludes.ts';
import type { Node } from '../tree/node.ts';
import type { Engine } from './engine.ts';
import { UNCAPTURED } from './kernel-cache.ts';

/**
 * Other rules hold from now on. `mounts`: paths in the merged root at which something is mounted. `handedOver` is called once the
 * notifier has been given all that the kernel is to ask for again.
 */
export function switchRules(
  { capture, kernel }: Engine,
  excludes: Excludes,
  mounts: readonly ByteString[],
  handedOver: () => void,
): void {
  const keptAway = capture.obey(excludes);
  capture.mountedOn(mounts);
  // In other modes nothing is captured; the switch to capture has all of it asked for again.
  if (keptAway && capture.mode === 'capture') kernel.refresh(UNCAPTURED, handedOver);
  else handedOver();
}

/** Lets `move` give `sources` other paths; what is known below them, and was kept away by its path alone, is asked for again. */
export function moveBelow({ capture, kernel }: Engine, sources: readonly Node[], move: () => void): void {
  const keptAway = capture.mode === 'capture' ? sources.flatMap((source) => capture.keptAwayBelow(source)) : [];
  move();
  for (const node of keptAway) if (!capture.excluded(node)) kernel.askAgain(node);
}
