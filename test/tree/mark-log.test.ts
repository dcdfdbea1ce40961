import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { asBytes } from '../../src/bytes.ts';
import { EIO } from '../../src/errno.ts';
import { inoKey } from '../../src/tree/ino.ts';
import { MarkLog } from '../../src/tree/mark-log.ts';
import type { MarkLogOpened } from '../../src/tree/mark-log.ts';
import { Marks, WHITEOUT } from '../../src/tree/marks.ts';
import type { MarkRecord } from '../../src/tree/mark-record.ts';
import { ROOT } from '../../src/tree/name-trie.ts';
import { place } from '../sys/place.ts';

const RECORDS: readonly MarkRecord[] = [
  { kind: 'whiteout', path: asBytes('usr/bin/gone') },
  { kind: 'opaque', path: asBytes('etc/new\xff\n') },
  { kind: 'spent', path: asBytes('a/hard'), inoLo: -7, inoHi: 3, links: 4 },
  {
    kind: 'origin',
    path: asBytes('moved'),
    origin: { inoLo: 12, inoHi: -1, flashLo: 9, flashHi: -2, diskPath: asBytes('old/place') },
  },
  {
    kind: 'origin',
    path: asBytes('moved/file'),
    origin: { inoLo: 13, inoHi: 0, flashLo: 0, flashHi: 0, diskPath: null },
  },
  { kind: 'copy', from: asBytes('moved'), path: asBytes('again') },
  { kind: 'prune', path: asBytes('moved') },
  { kind: 'whiteout', path: asBytes('back') },
  { kind: 'reveal', path: asBytes('back') },
  { kind: 'dirty', path: asBytes('usr/lib\xff') },
  { kind: 'dirty', path: asBytes('usr/done') },
  { kind: 'clean', path: asBytes('usr/done') },
  { kind: 'moved', from: asBytes('var/old'), path: asBytes('var/new') },
];

describe('tree/mark-log', () => {
  const here = place();
  const file = (): string => `${here.dir}/marks`;

  function open(): MarkLogOpened & { readonly marks: Marks } {
    const marks = new Marks(inoKey);
    const opened = MarkLog.open(here.fd, marks);
    if (typeof opened === 'number') assert.fail(`open: ${String(opened)}`);
    return { ...opened, marks };
  }

  function write(records: readonly MarkRecord[]): Marks {
    const { log, marks } = open();
    records.forEach((record, i) => {
      assert.equal(log.append(record), i + 1);
      marks.apply(record, i + 1);
    });
    assert.equal(log.size, statSync(file()).size);
    log.close();
    return marks;
  }

  const said = (marks: Marks): MarkRecord[] => [...marks.records()].sort((a, b) => (a.path < b.path ? -1 : 1));

  it('gives back after a restart what was appended, byte for byte', () => {
    const before = write(RECORDS);
    const { log, marks, records, torn } = open();
    log.close();
    assert.deepEqual(said(marks), said(before));
    assert.equal(marks.whiteouts, 1);
    assert.deepEqual([records, torn], [RECORDS.length, 0]);
  });

  it('loses only the torn record when the log is cut at any byte, and goes on after it', () => {
    write(RECORDS);
    const whole = readFileSync(file());
    const ends: number[] = [];
    for (let at = 17; at < whole.length; at += 8 + whole.readUInt32LE(at)) ends.push(at);
    for (let cut = 0; cut <= whole.length; cut++) {
      writeFileSync(file(), whole.subarray(0, cut));
      const { log, records } = open();
      assert.equal(
        records,
        Math.max(0, ends.filter((end) => end <= cut).length - (cut < whole.length ? 1 : 0)),
        `cut at ${String(cut)}`,
      );
      log.append({ kind: 'whiteout', path: asBytes('later') });
      log.close();
      const again = open();
      again.log.close();
      assert.equal(again.marks.of(ROOT, asBytes('later')), WHITEOUT, `cut at ${String(cut)}`);
      assert.equal(again.torn, 0);
    }
  });

  it('believes nothing behind a damaged record', () => {
    write(RECORDS);
    const bytes = readFileSync(file());
    bytes[17 + 8 + 5] = (bytes[17 + 8 + 5] ?? 0) ^ 1;
    writeFileSync(file(), bytes);
    const { log, records, marks } = open();
    log.close();
    assert.equal(records, 0);
    assert.deepEqual(said(marks), []);
  });

  it('refuses a file that is no log of marks, and leaves it as it is', () => {
    writeFileSync(file(), 'something of the user, long enough');
    assert.equal(MarkLog.open(here.fd, new Marks(inoKey)), EIO);
    assert.equal(readFileSync(file(), 'utf8'), 'something of the user, long enough');
  });

  it('is rewritten at a mount when most of it says nothing any more', () => {
    const { log } = open();
    for (let i = 0; i < 3000; i++) {
      log.append({ kind: 'whiteout', path: asBytes('x') });
      log.append({ kind: 'reveal', path: asBytes('x') });
    }
    log.append({ kind: 'whiteout', path: asBytes('y') });
    log.close();
    const long = statSync(file()).size;
    const compacted = open();
    compacted.log.append({ kind: 'whiteout', path: asBytes('z') });
    compacted.log.close();
    assert.ok(statSync(file()).size < long / 1000);
    const { log: last, marks } = open();
    last.close();
    assert.deepEqual(
      said(marks).map(({ path }) => path),
      ['y', 'z'],
    );
  });

  it('cuts off half a record that did not fit, so that the next one can be read', () => {
    const { log } = open();
    log.append({ kind: 'whiteout', path: asBytes('first') });
    log.close();
    appendFileSync(file(), Buffer.from([200, 0, 0, 0, 1, 2]));
    for (const torn of [6, 0]) {
      const opened = open();
      opened.log.close();
      assert.equal(opened.torn, torn);
    }
  });
});
