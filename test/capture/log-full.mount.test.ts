// Guards against a full filesystem that loses events or tears lines: the real errors, counts and partial writes of a small tmpfs.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, rmdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asBytes } from '../../src/bytes.ts';
import { openEventLog } from '../../src/capture/event-log.ts';
import type { EventLog } from '../../src/capture/event-log.ts';
import { AT_FDCWD } from '../../src/sys/at.ts';
import { O_DIRECTORY, O_RDONLY, close, openFollow } from '../../src/sys/open.ts';
import { assertGapless, drafts, records } from './log-reading.ts';

describe('capture: event log on a full filesystem', () => {
  let dir: string | undefined;
  let dirFd = -1;
  let log: EventLog | undefined;

  before(function () {
    if (process.getuid?.() !== 0) this.skip();
    dir = mkdtempSync(join(tmpdir(), 'log-full.'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'none', dir]);
    dirFd = openFollow(AT_FDCWD, asBytes(dir), O_RDONLY | O_DIRECTORY);
  });

  after(() => {
    if (dir === undefined) return;
    log?.close();
    close(dirFd);
    execFileSync('umount', [dir]);
    rmdirSync(dir);
  });

  it('states every number, through running full, giving up, and room being made', () => {
    assert(dir !== undefined);
    const opened = openEventLog(dirFd, { retryAfter: 0, maxQueued: 50_000, maxBytes: 1e6 });
    assert(typeof opened !== 'number');
    log = opened;
    writeFileSync(join(dir, 'ballast'), Buffer.alloc(128 * 1024));
    for (let i = 0; i < 200; i++) log.append(drafts(10));
    const full = log.health();
    assert.equal(full.lastError, 'ENOSPC');
    assert(full.written > 100 && full.queued > 50 && full.lost > 500, JSON.stringify(full));
    rmSync(join(dir, 'ballast'));
    log.append(drafts(1));
    assert.deepEqual([log.health().queued, log.health().lost], [0, full.lost]);
    const found = records(dir);
    assertGapless(found, 2001);
    const lost = found.reduce((n, record) => n + (record.kind === 'lost' ? record.count : 0), 0);
    assert.equal(lost, full.lost);
  });
});
