// What a root filesystem does not need, or what the kernel does by itself. ENOSYS is remembered by the kernel for the life of the mount, so
// it is used only where that is wanted.

import { ENOSYS, ENOTTY } from '../errno.ts';
import type { Operation } from '../fuse/operation.ts';
import type { Engine } from './engine.ts';

/** Locks are the kernel's own: neither FUSE_POSIX_LOCKS nor FUSE_FLOCK_LOCKS is asked for. Access is checked by default_permissions. */
export const notImplemented: Operation<Engine, unknown> = () => ENOSYS;

/** Asked for by isatty() at each open of many programs: answered before anything else is looked at. */
export const ioctl: Operation<Engine, unknown> = () => ENOTTY;
