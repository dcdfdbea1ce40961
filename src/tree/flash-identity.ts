// Which flash this is: `.rootsync` itself, by what changes when it is copied elsewhere, where inode numbers are others and origins are believed by
// path alone (see `home` in marks.ts).

import { asBytes } from '../bytes.ts';
import type { ByteString } from '../bytes.ts';
import { newStat, statxFd } from '../sys/stat.ts';

/** `homeFd` is `.rootsync`. */
export function identityOf(homeFd: number): ByteString {
  const stat = newStat();
  statxFd(homeFd, stat);
  return asBytes([stat.inoHi, stat.inoLo, stat.btime, stat.btimeNsec].join('.'));
}
