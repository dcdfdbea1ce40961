// Guards against a reader of the log that loses or repeats lines when files are rotated under it, stops at a damaged line, or says nothing
// of what is missing.

import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openEventLog } from '../../src/capture/event-log.ts';
import type { EventLog, EventLogOptions } from '../../src/capture/event-log.ts';
import { asBytes, fromText } from '../../src/bytes.ts';
import { LogFiles } from '../../src/report/log-files.ts';
import { isWithin, pathOf, Records } from '../../src/report/records.ts';
import { O_DIRECTORY, O_RDONLY, openat } from '../../src/sys/open.ts';
import { draft, drafts } from '../capture/log-reading.ts';
import { got, ok, place } from '../sys/place.ts';

describe('report: log files', () => {
  let files: LogFiles | undefined;
  let log: EventLog | undefined;

  afterEach(() => {
    files?.close();
    log?.close();
    files = log = undefined;
  });

  // After the hook above: it looks for descriptors left open.
  const at = place();

  const open = (options?: EventLogOptions): EventLog => (log = got(openEventLog(at.fd, options)));
  const reader = (): Records => {
    files = new LogFiles(ok(openat(at.fd, asBytes('.'), O_RDONLY | O_DIRECTORY)));
    return new Records(files);
  };
  const read = (records: Records): { seqs: number[]; damage: string[] } => {
    const seqs: number[] = [];
    const damage: string[] = [];
    const news = records.read();
    for (let next = news.next(); ; next = news.next()) {
      if (next.done === true) {
        ok(next.value);
        return { seqs, damage };
      }
      if ('damage' in next.value) damage.push(next.value.damage);
      else seqs.push(next.value.record.seq);
    }
  };
  const to = (last: number, first = 1): number[] => Array.from({ length: last - first + 1 }, (_, i) => first + i);
  const file = (name: string): string => join(at.dir, name);

  it('reads rotated files first, the oldest before all', () => {
    open({ maxBytes: 4096, keep: 50 }).append(drafts(400));
    assert.deepEqual(read(reader()), { seqs: to(400), damage: [] });
  });

  it('goes on over any number of rotations, and repeats nothing', () => {
    const writer = open({ maxBytes: 4096, keep: 3 });
    const records = reader();
    assert.deepEqual(read(records), { seqs: [], damage: [] });
    const seqs: number[] = [];
    for (let round = 0; round < 60; round++) {
      // Up to two rotations between two looks.
      for (let i = 0; i < round % 24; i++) writer.append([draft(`/file${String(i)}`)]);
      const news = read(records);
      assert.deepEqual(news.damage, []);
      seqs.push(...news.seqs);
    }
    assert.deepEqual(seqs, to(writer.health().lastSeq));
  });

  it('says which events are missing, when files went faster than it read', () => {
    const writer = open({ maxBytes: 4096, keep: 2 });
    const records = reader();
    writer.append(drafts(3));
    assert.deepEqual(read(records).seqs, to(3));
    for (let i = 0; i < 200; i++) writer.append([draft('/file')]);
    const { seqs, damage } = read(records);
    assert.equal(seqs.at(-1), 203);
    assert.equal(damage.length, 1);
    assert.match(
      damage[0]!,
      new RegExp(
        `^events.jsonl.\\d, line 1: events \\d+ to ${String(
          seqs.findLast((seq, i) => seq !== seqs[i - 1]! + 1)! - 1,
        )} are missing before it`,
      ),
    );
  });

  it('names damaged lines and what is missing, and tells the rest', () => {
    open().append(drafts(6));
    log?.close();
    log = undefined;
    const lines = readFileSync(file('events.jsonl'), 'utf8').split('\n');
    lines[1] = lines[1]!.slice(0, 40);
    lines[3] = '\0'.repeat(100);
    lines[4] = '{"hello":1}';
    writeFileSync(file('events.jsonl'), lines.join('\n'));
    assert.deepEqual(read(reader()), {
      seqs: [1, 3, 6],
      damage: [
        'events.jsonl, line 2: damaged (not a whole record); it is left out',
        'events.jsonl, line 3: event 2 is missing before it',
        'events.jsonl, line 4: damaged (zeros, as a power cut leaves them); it is left out',
        'events.jsonl, line 5: damaged (not a record of events); it is left out',
        'events.jsonl, line 6: events 4 to 5 are missing before it',
      ],
    });
  });

  it('tells of a last line without an end, and takes it once it is whole', () => {
    open().append(drafts(2));
    log?.close();
    log = undefined;
    const whole = readFileSync(file('events.jsonl'));
    truncateSync(file('events.jsonl'), whole.length - 20);
    const records = reader();
    assert.deepEqual(read(records), { seqs: [1], damage: [] });
    assert.deepEqual(records.torn(), { damage: 'events.jsonl, line 2: its end is missing; it is left out' });
    appendFileSync(file('events.jsonl'), whole.subarray(whole.length - 20));
    assert.deepEqual(read(records), { seqs: [2], damage: [] });
    assert.equal(records.torn(), undefined);
  });

  it('tells of a line that stays torn because the file was rotated', () => {
    open().append(drafts(2));
    log?.close();
    const whole = readFileSync(file('events.jsonl'));
    writeFileSync(file('events.jsonl.1'), whole.subarray(0, whole.length - 20));
    rmSync(file('events.jsonl'));
    open().append(drafts(1));
    assert.deepEqual(read(reader()).damage, ['events.jsonl.1, line 2: its end is missing; it is left out']);
  });

  it('waits for a log that is not there yet, and passes over what is no log', () => {
    mkdirSync(file('events.jsonl.d'));
    writeFileSync(file('daemon.log'), 'text\n');
    const records = reader();
    assert.deepEqual(read(records), { seqs: [], damage: [] });
    open().append(drafts(1));
    assert.deepEqual(read(records).seqs, [1]);
  });
});

describe('report: paths of events', () => {
  it('are exact bytes', () => {
    assert.equal(pathOf({ path: '/usr/b\u00e9' }), fromText('usr/b\u00e9'));
    assert.equal(pathOf({ path: '/b\\xff', pathBytes: '62ff' }), asBytes('b\xff'));
  });

  it('are within a directory by whole names', () => {
    assert.ok(isWithin(asBytes('usr/bin'), asBytes('usr')) && isWithin(asBytes('usr'), asBytes('usr')));
    assert.ok(isWithin(asBytes('usr'), asBytes('')) && !isWithin(asBytes('usrlocal'), asBytes('usr')));
  });
});
