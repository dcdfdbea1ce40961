// The public status, from what the session, the log, the counters and the process say.

import type { EventLog } from '../capture/event-log.ts';
import type { OperationStatus, Status } from '../control/protocol.ts';
import { quantile, readCounters } from '../fuse/counters.ts';
import { fstatfs } from '../sys/mount.ts';
import type { MountConfig } from './config.ts';
import { heapUsed, residentBytes } from './memory-use.ts';
import type { SessionStatus } from './session-messages.ts';
import { VERSION } from './version.ts';

export interface StatusFacts {
  readonly config: MountConfig;
  readonly startedAt: number;
  readonly session: SessionStatus;
  readonly log: EventLog;
  readonly counters: SharedArrayBuffer;
  /** Descriptors on the two branches' filesystems. */
  readonly flashFd: number;
  readonly diskFd: number;
  readonly detached: boolean;
  /** /proc. */
  readonly procFd: number;
}

export function statusOf({
  config,
  startedAt,
  session,
  log,
  counters,
  flashFd,
  diskFd,
  detached,
  procFd,
}: StatusFacts): Status {
  const { counts } = session;
  const { written, queued, lost, lastSeq } = log.health();
  return {
    pid: process.pid,
    version: VERSION,
    mountpoint: config.mountpoint,
    flash: config.flash,
    disk: config.disk,
    options: config.options,
    detached,
    remote: session.remote === null ? null : { silent: session.remote.silent, waiting: session.remote.waiting },
    mode: session.mode,
    uptime: (Date.now() - startedAt) / 1000,
    passthrough: session.passthrough,
    counts: {
      nodes: session.nodes,
      openFiles: session.openFiles,
      captured: counts.captured,
      copyUps: counts.copyUps,
      skipped: counts.skipped,
      whiteouts: session.whiteouts,
    },
    bytes: {
      captured: counts.bytesCaptured,
      copiedUp: counts.bytesCopiedUp,
      flash: usedBytes(flashFd),
      // Asked by others, where disk may not answer.
      disk: session.remote === null ? usedBytes(diskFd) : session.remote.used,
    },
    queue: { pending: session.pending, copying: session.copying, asked: session.asked },
    mirror: { ...session.mirror, mirrored: counts.mirrored },
    events: { written, queued, lost, lastSeq },
    space: { free: session.free, reserve: config.reserve, full: session.full },
    operations: operationsOf(counters),
    memory: { rss: residentBytes(procFd), heapUsed: heapUsed() + session.heapUsed },
  };
}

function operationsOf(counters: SharedArrayBuffer): Record<string, OperationStatus> {
  const { operations } = readCounters(counters);
  return Object.fromEntries(
    Object.entries(operations).map(([op, counts]) => [
      op,
      {
        count: counts.count,
        errors: counts.errors,
        p50us: quantile(counts, 0.5) * 1000,
        p99us: quantile(counts, 0.99) * 1000,
        maxus: quantile(counts, 1) * 1000,
        totalus: counts.totalMs * 1000,
      },
    ]),
  );
}

function usedBytes(fd: number): number {
  const found = fstatfs(fd);
  return typeof found === 'number' ? 0 : (found.blocks - found.bfree) * found.frsize;
}
