// What a rehearsal is told of: guards against a miss that is told twice, or that is laid to the wrong program's account.
import assert from 'node:assert/strict';
import type { EventDraft } from '../../src/capture/event.ts';
import { listOf } from '../../src/cli/inside/miss-list.ts';
import { Misses, isMissedBy } from '../../src/report/misses.ts';

const event = (path: string, pid: number | null, more: Partial<EventDraft> = {}): EventDraft => ({
  time: '2026-01-01T00:00:00.000Z',
  kind: 'miss',
  path,
  objectKind: 'file',
  operation: 'lookup',
  mode: 'rehearse',
  requester: pid === null ? null : { pid, comm: 'x', exe: '/x', parents: [{ pid: 7, comm: 'sh', exe: '/bin/sh' }] },
  ...more,
});

describe('report/misses', () => {
  it('keeps misses alone, each path once, of who asked first', () => {
    const misses = new Misses();
    misses.take([event('/a', 1), event('/b', 2, { kind: 'capture' }), event('/a', 3)]);
    misses.take([event('/a\ufffd', 4, { pathBytes: '2f61ff' }), event('/a\ufffd', 5, { pathBytes: '2f61fe' })]);
    const told = misses.all.misses.map(({ path, requester }) => [path, requester?.pid]);
    assert.deepEqual(told, [
      ['/a', 1],
      ['/a\ufffd', 4],
      ['/a\ufffd', 5],
    ]);
  });

  it('counts what it cannot keep', () => {
    const misses = new Misses();
    misses.take(Array.from({ length: 16_400 }, (_, i) => event(`/${String(i)}`, 1)));
    assert.deepEqual([misses.all.misses.length, misses.all.more], [16_384, 16]);
  });

  it('knows whose misses they are: of a process, of those below it, and of nobody', () => {
    const misses = new Misses();
    misses.take([event('/a', 1), event('/b', null)]);
    const [asked, mounted] = misses.all.misses;
    assert.ok(asked !== undefined && mounted !== undefined);
    assert.deepEqual(
      [1, 7, 8].map((pid) => isMissedBy(asked, pid)),
      [true, true, false],
    );
    assert.ok(isMissedBy(mounted, 8));
  });

  it('lists paths as add takes them, whatever their bytes', () => {
    const misses = new Misses();
    misses.take([event('/a b', 1), event('/a\ufffd', 1, { pathBytes: '2f61ff' }), event('/two\nlines', 1)]);
    const lines = listOf(misses.all.misses).toString('latin1').split('\n');
    assert.deepEqual(lines.slice(0, 2), ['/a b', '/a\xff']);
    assert.equal(
      (JSON.parse(lines[2] ?? '') as { pathBytes: string }).pathBytes,
      Buffer.from('/two\nlines').toString('hex'),
    );
    assert.deepEqual(lines.slice(3), ['']);
  });
});
