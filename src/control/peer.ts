// Who is at the other end of a control connection. The socket's and its directory's permissions keep others out (socket-path.ts); this is
// a second lock, for sockets that somebody opened up or handed on, and tells the log who asked.

import type { Socket } from 'node:net';
import { peerCredentials } from '../sys/socket.ts';

/** The process that connected. Null where the kernel or Node does not tell: then the permissions alone have let it in. */
export interface Peer {
  readonly pid: number | null;
  readonly uid: number | null;
}

const UNKNOWN: Peer = { pid: null, uid: null };

/** By SO_PEERCRED. Node has no call for it, and gives a socket's descriptor only inside. */
export function peerOf(socket: Socket): Peer {
  const fd = (socket as { _handle?: { fd?: number } | null })._handle?.fd;
  if (fd === undefined || fd < 0) return UNKNOWN;
  const found = peerCredentials(fd);
  return typeof found === 'number' ? UNKNOWN : { pid: found.pid === 0 ? null : found.pid, uid: found.uid };
}

/** Root and this process's own user may. */
export function mayAsk({ uid }: Peer, own = process.getuid?.()): boolean {
  return uid === null || uid === 0 || uid === own;
}
