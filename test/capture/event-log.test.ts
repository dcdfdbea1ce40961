// Guards against events that go missing without a word: at rotation, at a restart, after a crash that tore a line, when writing fails for
// a while or in the middle of a line; and against a queue that grows without end.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openEventLog } from '../../src/capture/event-log.ts';
import type { EventLog, EventLogOptions } from '../../src/capture/event-log.ts';
import { EBADF, EIO, ENOSPC } from '../../src/errno.ts';
import { write } from '../../src/sys/io.ts';
import { place } from '../sys/place.ts';
import { assertGapless, draft, drafts, lines, records, REQUESTER } from './log-reading.ts';

describe('capture: event log', () => {
  const opened: EventLog[] = [];

  function open(options?: EventLogOptions): EventLog {
    const log = openEventLog(at.fd, options);
    assert(typeof log !== 'number', `openEventLog: ${log as number}`);
    opened.push(log);
    return log;
  }

  function close(log: EventLog): void {
    opened.splice(opened.indexOf(log), 1);
    log.close();
  }

  afterEach(() => {
    for (const log of opened.splice(0)) log.close();
  });

  const at = place();

  it('writes one line per event: its number first, nothing of the logger', () => {
    const log = open();
    log.append([draft('/usr/bin/cat'), { ...draft('/a\nb'), kind: 'skip', reason: 'excluded', requester: null }]);
    const [first, second] = lines(at.dir);
    assert.equal(
      first,
      '{"v":1,"seq":1,"time":"2026-01-02T03:04:05.678Z","kind":"capture","path":"/usr/bin/cat","objectKind":"file","bytes":5,' +
        `"operation":"open","mode":"capture","requester":${JSON.stringify(REQUESTER)}}`,
    );
    const event = JSON.parse(second ?? '') as unknown;
    assert.deepEqual(event, {
      ...draft('/a\nb'),
      v: 1,
      seq: 2,
      kind: 'skip',
      reason: 'excluded',
      requester: null,
    });
    assert.deepEqual(log.health(), { written: 2, queued: 0, lost: 0, lastSeq: 2, lastError: null });
    assert.equal(statSync(join(at.dir, 'events.jsonl')).mode & 0o777, 0o600);
  });

  it('goes on with the numbers of the last run', () => {
    for (let run = 0; run < 3; run++) {
      const log = open();
      log.append(drafts(4));
      close(log);
    }
    assert.equal(records(at.dir).length, 12);
    assertGapless(records(at.dir), 12);
    assert.equal(open().health().lastSeq, 12);
  });

  it('rotates by size, keeps so many files, loses no line between them', () => {
    const log = open({ maxBytes: 2000, keep: 3 });
    for (let i = 0; i < 40; i++) log.append([draft(`/file${i}`)]);
    const names = readdirSync(at.dir).sort();
    assert.deepEqual(names, ['events.jsonl', 'events.jsonl.1', 'events.jsonl.2', 'events.jsonl.3']);
    for (const name of names) assert(statSync(join(at.dir, name)).size <= 2000);
    assertGapless(records(at.dir), 40);
    assert(records(at.dir).length < 40, 'the oldest are gone');
    assert.equal(log.health().written, 40);
  });

  it('finds the last number in a rotated file when the newest has none', () => {
    const log = open();
    log.append(drafts(3));
    close(log);
    renameSync(join(at.dir, 'events.jsonl'), join(at.dir, 'events.jsonl.2'));
    const next = open();
    next.append(drafts(1));
    assertGapless(records(at.dir), 4);
  });

  it('survives a crash between the renames of a rotation', () => {
    const log = open({ maxBytes: 1000, keep: 2 });
    log.append(drafts(3));
    close(log);
    renameSync(join(at.dir, 'events.jsonl'), join(at.dir, 'events.jsonl.1'));
    writeFileSync(join(at.dir, 'events.jsonl.new'), 'left over');
    const next = open({ maxBytes: 1000, keep: 2 });
    for (let i = 0; i < 5; i++) next.append(drafts(1));
    assertGapless(records(at.dir), 8);
    assert(!lines(at.dir).includes('left over'));
  });

  it('ends a torn line, and says that its event is lost', () => {
    const log = open();
    log.append(drafts(3));
    close(log);
    const path = join(at.dir, 'events.jsonl');
    const size = statSync(path).size;
    // Cut at the newline, within the line, and within its number.
    for (const cut of [1, 30, lines(at.dir)[2]?.length ?? 0]) {
      truncateSync(path, size - cut);
      const next = open();
      assert.equal(next.health().lastSeq, 3);
      next.append(drafts(2));
      const found = records(at.dir, cut === 1 ? 0 : 1).slice(cut === 1 ? 3 : 2);
      assert.deepEqual(
        { ...found[0], time: '' },
        { v: 1, seq: 3, time: '', kind: 'lost', count: 1, from: 3, to: 3, reason: 'torn' },
      );
      assertGapless(found, 5);
      close(next);
      truncateSync(path, size);
    }
  });

  it('passes over zeros and lines that are no records, and reads far back for the last number', () => {
    const log = open();
    log.append(drafts(7));
    close(log);
    const path = join(at.dir, 'events.jsonl');
    appendFileSync(path, `{"v":1,"seq":"x"}\nnot a record\n${'\0'.repeat(300_000)}`);
    const next = open();
    assert.equal(next.health().lastSeq, 8, 'the zeros may have been one');
    next.append(drafts(1));
    assertGapless(
      records(at.dir, 2).filter((record) => typeof record.seq === 'number'),
      9,
    );
  });

  it('keeps what cannot be written, in order, and writes it once it can', () => {
    let failing = false;
    const log = open({ retryAfter: 0, write: (...args) => (failing ? ENOSPC : write(...args)) });
    log.append(drafts(2));
    failing = true;
    log.append(drafts(3));
    assert.deepEqual(log.health(), { written: 2, queued: 3, lost: 0, lastSeq: 5, lastError: 'ENOSPC' });
    assert.equal(lines(at.dir).length, 2);
    failing = false;
    log.append(drafts(1));
    assert.equal(log.health().queued, 0);
    assertGapless(records(at.dir), 6);
    assert(records(at.dir).every((record) => record.kind !== 'lost'));
  });

  it('finishes a line of which only a part was written, byte by byte if need be', () => {
    let allowed = 0;
    const log = open({
      retryAfter: 0,
      write: (fd, bytes, offset, length) => {
        if (allowed === 0) return EIO;
        const n = write(fd, bytes, offset, Math.min(length, allowed, 7));
        allowed -= n;
        return n;
      },
    });
    for (let i = 0; i < 30; i++) {
      allowed = (i * 37) % 101;
      log.append([draft(`/file${i}`)]);
    }
    assert(log.health().queued > 0);
    allowed = Infinity;
    log.retry();
    assert.deepEqual(
      { ...log.health(), lastError: '' },
      { written: 30, queued: 0, lost: 0, lastSeq: 30, lastError: '' },
    );
    assertGapless(records(at.dir), 30);
  });

  it('gives up the newest beyond its bound, counts them, and says so in the log', () => {
    let failing = true;
    const log = open({ retryAfter: 0, maxQueued: 2000, write: (...args) => (failing ? EIO : write(...args)) });
    for (let i = 0; i < 100; i++) log.append(drafts(1));
    const { queued, lost } = log.health();
    assert(queued > 3 && lost > 80 && queued + lost === 100, `${queued} queued, ${lost} lost`);
    failing = false;
    log.append(drafts(2));
    const found = records(at.dir);
    assertGapless(found, 102);
    const said = found.filter((record) => record.kind === 'lost');
    assert.deepEqual(
      said.map(({ count, from, to, reason }) => [count, to - from + 1, reason]),
      [[lost, lost, 'queue-full']],
    );
    assert.deepEqual([log.health().queued, log.health().lost], [0, lost]);
  });

  it('takes a batch bigger than its bound while writing works', () => {
    const log = open({ maxQueued: 100_000, maxBytes: 1e9 });
    log.append(drafts(5000));
    assert.deepEqual([log.health().lost, log.health().written], [0, 5000]);
    assertGapless(records(at.dir), 5000);
  });

  it('does not try again at each event while writing fails, and tries by itself later', async () => {
    let failing = true;
    let tried = 0;
    const log = open({
      retryAfter: 50,
      write: (...args) => {
        tried++;
        return failing ? EIO : write(...args);
      },
    });
    for (let i = 0; i < 20; i++) log.append(drafts(1));
    assert.equal(tried, 1);
    failing = false;
    while (log.health().queued > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    assertGapless(records(at.dir), 20);
  });

  it('goes on in the old file when a new one cannot be made', () => {
    const log = open({ maxBytes: 2000, keep: 2 });
    log.append(drafts(4));
    // A directory in the way of the new file, whoever runs this.
    const inTheWay = join(at.dir, 'events.jsonl.new');
    mkdirSync(inTheWay);
    for (let i = 0; i < 6; i++) log.append(drafts(1));
    assert.equal(log.health().lastError, 'EISDIR');
    assert(statSync(join(at.dir, 'events.jsonl')).size > 2000);
    rmSync(inTheWay, { recursive: true });
    for (let i = 0; i < 6; i++) log.append(drafts(1));
    assertGapless(records(at.dir), 16);
    assert(existsSync(join(at.dir, 'events.jsonl.1')));
  });

  it('counts as lost what it could not write when it was closed', () => {
    const log = open({ write: () => EIO });
    log.append(drafts(3));
    close(log);
    assert.deepEqual([log.health().queued, log.health().lost], [0, 3]);
    assert.equal(readFileSync(join(at.dir, 'events.jsonl'), 'utf8'), '');
  });

  it('has no gap after its process was killed, again and again', async function () {
    this.timeout(60_000);
    const program = fileURLToPath(new URL('./log-writer-process.js', import.meta.url));
    for (let run = 0; run < 8; run++) {
      const writer = spawn(process.execPath, [program, at.dir], { stdio: ['ignore', 'pipe', 'inherit'] });
      // It has rotated so many times: kills come at another moment of its work each time.
      for (let seen = 0; seen <= run;) seen += String((await once(writer.stdout, 'data'))[0]).length;
      writer.kill('SIGKILL');
      await once(writer, 'close');
    }
    const log = open();
    log.append(drafts(1));
    const { lastSeq } = log.health();
    const torn = lines(at.dir).filter((line) => !line.endsWith('}')).length;
    assert(torn <= 8 && lastSeq > 1000, `${torn} torn, ${lastSeq} events`);
    assertGapless(records(at.dir, torn), lastSeq);
  });

  it('returns the errno when its directory cannot be written', () => {
    assert.equal(openEventLog(-1), EBADF);
  });
});
