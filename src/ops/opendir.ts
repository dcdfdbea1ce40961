// OPENDIR and RELEASEDIR, which do nothing: what is read of a directory hangs on offsets (listings.ts), and a directory was used when it was
// looked up. So OPENDIR is answered once, with ENOSYS, where the kernel takes that as "need not be asked".

import { ENOSYS } from '../errno.ts';
import { OK } from '../fuse/operation.ts';
import type { Operation } from '../fuse/operation.ts';
import { FOPEN_CACHE_DIR, FOPEN_KEEP_CACHE } from '../wire/constants.ts';
import { openOut } from '../wire/replies.ts';
import type { OpenIn, ReleaseIn } from '../wire/requests/handles.ts';
import type { Engine } from './engine.ts';

export const opendir: Operation<Engine, OpenIn> = ({ listings }, req) => {
  if (listings.zeroMessageOpendir) return ENOSYS;
  openOut(req.out, 0, listings.cacheable ? FOPEN_CACHE_DIR | FOPEN_KEEP_CACHE : 0);
  return OK;
};

export const releasedir: Operation<Engine, ReleaseIn> = () => OK;
