// What a root filesystem does not need, or what the kernel does by itself. ENOSYS is remembered by the kernel for the life of the mount, so
// it is used only where that is wanted.

import { ENOSYS } from '../errno.ts';
import type { Operation } from '../fuse/operation.ts';
import type { Engine } from './engine.ts';

/** Locks are the kernel's own: neither FUSE_POSIX_LOCKS nor FUSE_FLOCK_LOCKS is asked for. Access is checked by default_permissions. */
export const notImplemented: Operation<Engine, unknown> = () => ENOSYS;
