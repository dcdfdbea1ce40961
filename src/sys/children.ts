// Processes that were started by our children and outlive them: this process can have them handed over to it, and takes note of their end.

import { PTR, addressOf, declare } from './koffi.ts';
import { prctl } from './process.ts';

const PR_SET_CHILD_SUBREAPER = 36;
const P_ALL = 0;
const P_PID = 1;
const WNOHANG = 1;
const WEXITED = 4;
const WNOWAIT = 0x0100_0000;
const NOBODY = 0;
/** siginfo_t is 128 bytes; si_pid is at 16 on machines with 64-bit pointers, as koffi's are but for 32-bit arm. */
const SIGINFO_SIZE = 128;
const SI_PID = 16;

const cWaitid = declare('waitid', 'int', ['int', 'int', PTR, 'int']);

const siginfo = Buffer.alloc(SIGINFO_SIZE);
const siginfoAt = addressOf(siginfo);

/** Orphans among our descendants become our children rather than init's. */
export function becomeSubreaper(): number {
  return prctl(PR_SET_CHILD_SUBREAPER, 1);
}

/**
 * Reaps ended children until one turns up that `isOurs` claims: that one is left to whoever waits for it, and the rest to the next call.
 * Returns how many were reaped.
 */
export function reapAdopted(isOurs: (pid: number) => boolean): number {
  for (let reaped = 0; ; reaped++) {
    siginfo.fill(0);
    if (cWaitid(P_ALL, 0, siginfoAt, WEXITED | WNOHANG | WNOWAIT) < 0) return reaped;
    const pid = siginfo.readInt32LE(SI_PID);
    if (pid === NOBODY || isOurs(pid)) return reaped;
    if (cWaitid(P_PID, pid, siginfoAt, WEXITED | WNOHANG) < 0) return reaped;
  }
}
