// Two names of flash trade places: by one call, or through the stage where flash's filesystem has no such call (jffs2). Knows nothing of what they are.

import type { ByteString } from '../bytes.ts';
import type { Features } from '../copy/features.ts';
import { removeTree } from '../copy/stage.ts';
import type { Stage } from '../copy/stage.ts';
import { RENAME_EXCHANGE, renameat2 } from '../sys/link.ts';

/** A name of flash: its directory's descriptor, and the name there. */
export interface Spot {
  readonly dirfd: number;
  readonly name: ByteString;
}

export interface TradeParts {
  readonly stage: Stage;
  readonly features: Pick<Features, 'renameExchange'>;
}

/** 0, or what rename gives: then neither name has anything any more. */
export function tradeOnFlash({ stage, features }: TradeParts, one: Spot, other: Spot): number {
  if (features.renameExchange) {
    const done = renameat2(one.dirfd, one.name, other.dirfd, other.name, RENAME_EXCHANGE);
    return done < 0 ? giveUp(done, one, other) : 0;
  }
  // A crash leaves one of them in the stage, which is swept: both are dirty, and mirrored anew.
  const away: Spot = { dirfd: stage.fd, name: stage.name() };
  for (const [from, to] of [
    [one, away],
    [other, one],
    [away, other],
  ] as const) {
    const done = renameat2(from.dirfd, from.name, to.dirfd, to.name);
    if (done < 0) return giveUp(done, one, other, away);
  }
  return 0;
}

/** Neither old content under a new name nor the other way round may be taken for a copy: what is there goes. */
function giveUp(err: number, ...spots: readonly Spot[]): number {
  for (const { dirfd, name } of spots) removeTree(dirfd, name);
  return err;
}
