// Error numbers. Everywhere in this project a failed call *returns* a negative Errno (kernel convention); nothing throws for one.

import { constants } from 'node:os';

const e = constants.errno;

declare const errno: unique symbol;
/** A negated errno, e.g. -2 for ENOENT. Always < 0. */
export type Errno = number & { readonly [errno]: true };

function neg(n: number): Errno {
  return -n as Errno;
}

export const EPERM = neg(e.EPERM);
export const ENOENT = neg(e.ENOENT);
export const EIO = neg(e.EIO);
export const EBADF = neg(e.EBADF);
export const EAGAIN = neg(e.EAGAIN);
export const EACCES = neg(e.EACCES);
export const EBUSY = neg(e.EBUSY);
export const EEXIST = neg(e.EEXIST);
export const EXDEV = neg(e.EXDEV);
export const ENODEV = neg(e.ENODEV);
export const ENOTDIR = neg(e.ENOTDIR);
export const EISDIR = neg(e.EISDIR);
export const EINVAL = neg(e.EINVAL);
export const ENOTTY = neg(e.ENOTTY);
export const EFBIG = neg(e.EFBIG);
export const ENOSPC = neg(e.ENOSPC);
export const EROFS = neg(e.EROFS);
export const ERANGE = neg(e.ERANGE);
export const ENAMETOOLONG = neg(e.ENAMETOOLONG);
export const ENOSYS = neg(e.ENOSYS);
export const ENOTEMPTY = neg(e.ENOTEMPTY);
export const ELOOP = neg(e.ELOOP);
export const ENODATA = neg(e.ENODATA);
export const EOVERFLOW = neg(e.EOVERFLOW);
export const EOPNOTSUPP = neg(e.EOPNOTSUPP);
export const ESTALE = neg(e.ESTALE);
export const EINTR = neg(e.EINTR);
export const EDQUOT = neg(e.EDQUOT);
export const ENXIO = neg(e.ENXIO);
export const EMFILE = neg(e.EMFILE);
export const ENFILE = neg(e.ENFILE);
export const EMLINK = neg(e.EMLINK);
export const ETXTBSY = neg(e.ETXTBSY);
export const E2BIG = neg(e.E2BIG);
export const ENOTCONN = neg(e.ENOTCONN);
export const ETIMEDOUT = neg(e.ETIMEDOUT);
export const ECONNABORTED = neg(e.ECONNABORTED);

/** Second names of numbers, which fewer people know. */
const ALIASES = new Set(['EWOULDBLOCK', 'ENOTSUP']);
const names = new Map(
  Object.entries(e)
    .filter(([name]) => !ALIASES.has(name))
    .map(([name, n]) => [-n, name]),
);

/** `ENOENT` for -2; `errno 999` for one that has no name here. */
export function errnoName(err: number): string {
  return names.get(err) ?? `errno ${String(-err)}`;
}
