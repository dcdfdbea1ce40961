// Who is at the other end of a unix socket, as the kernel noted it when he connected.

import { PTR, addressOf, declare, result } from './koffi.ts';

// The same on every architecture that koffi is built for.
const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
const UCRED_SIZE = 12;

const cGetsockopt = declare('getsockopt', 'int', ['int', 'int', 'int', PTR, PTR]);

/** struct ucred, as this process's pid and user namespaces see it: pid 0 and uid 65534 stand for what they do not show. */
export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** SO_PEERCRED of a connected unix socket. Errors: ENOTSOCK, EBADF ... */
export function peerCredentials(fd: number): PeerCredentials | number {
  const ucred = Buffer.alloc(UCRED_SIZE);
  const length = Buffer.alloc(4);
  length.writeInt32LE(UCRED_SIZE);
  const err = result(cGetsockopt(fd, SOL_SOCKET, SO_PEERCRED, addressOf(ucred), addressOf(length)));
  if (err < 0) return err;
  return { pid: ucred.readInt32LE(0), uid: ucred.readUInt32LE(4), gid: ucred.readUInt32LE(8) };
}
