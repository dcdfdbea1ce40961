// Random histories of marks: what a log gives back must be what was said, whichever way the records came in.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { asBytes } from '../../src/bytes.ts';
import type { ByteString } from '../../src/bytes.ts';
import { inoKey } from '../../src/tree/ino.ts';
import { compact, MarkLog } from '../../src/tree/mark-log.ts';
import { Marks, OPAQUE, SPENT, WHITEOUT } from '../../src/tree/marks.ts';
import type { MarkRecord } from '../../src/tree/mark-record.ts';
import { NONE } from '../../src/tree/name-trie.ts';
import { ok, place } from '../sys/place.ts';
import { MarkModel } from './mark-model.ts';

// Few names, so that records meet; one so long that its checksum is made the other way.
const component = fc.constantFrom('a', 'b', 'c', '\xff\n', 'x'.repeat(255)).map(asBytes);
const path = fc.array(component, { minLength: 1, maxLength: 3 }).map((parts) => asBytes(parts.join('/')));
const inoLo = fc.constantFrom(1, 2, -3);
const inoHi = fc.constantFrom(0, -1);
const flashLo = fc.constantFrom(0, 7, 8);
const flashHi = fc.constant(0);
const PLAIN = { noNullPrototype: true } as const;
const origin = fc.record({ inoLo, inoHi, flashLo, flashHi, diskPath: fc.option(path) }, PLAIN);
const record: fc.Arbitrary<MarkRecord> = fc.oneof(
  fc.record({ kind: fc.constantFrom('whiteout', 'opaque', 'reveal'), path }),
  fc.record({ kind: fc.constantFrom('clear', 'prune'), path }),
  fc.record({ kind: fc.constant('origin'), path, origin }),
  // One file has one count of names, whoever says so.
  fc.record({ kind: fc.constant('spent'), path, inoLo, inoHi, links: fc.constant(9) }),
  fc.record({ kind: fc.constant('copy'), path, from: path }).filter(({ path, from }) => !overlaps(path, from)),
  fc.record({ kind: fc.constantFrom('dirty', 'clean'), path }),
  fc.record({ kind: fc.constant('moved'), path, from: path }),
  fc.record({ kind: fc.constant('home'), path: fc.constantFrom('1.2', '3.4').map(asBytes) }),
);

// A directory is never renamed into itself.
function overlaps(a: ByteString, b: ByteString): boolean {
  return `${a}/`.startsWith(`${b}/`) || `${b}/`.startsWith(`${a}/`);
}

describe('tree/marks, any history', () => {
  const here = place();
  const file = (): string => `${here.dir}/marks`;

  function load(): Marks {
    const marks = new Marks(inoKey);
    const opened = MarkLog.open(here.fd, marks);
    if (typeof opened === 'number') assert.fail(`open: ${String(opened)}`);
    opened.log.close();
    assert.equal(opened.torn, 0);
    return marks;
  }

  function write(records: readonly MarkRecord[]): Marks {
    writeFileSync(file(), '');
    const marks = new Marks(inoKey);
    const opened = MarkLog.open(here.fd, new Marks(inoKey));
    if (typeof opened === 'number') assert.fail(`open: ${String(opened)}`);
    for (const one of records) {
      marks.apply(one, ok(opened.log.append(one)));
    }
    opened.log.close();
    return marks;
  }

  /** All that can be asked of marks. The order of the names in a directory has no meaning, that of a path's origins has. */
  function meaning(marks: Marks): unknown {
    const key = (one: MarkRecord): string => `${one.kind === 'origin' ? 1 : 0}${one.kind} ${one.path}`;
    const said = [...marks.records()].map((one, i) => ({ one, i }));
    said.sort((a, b) => (key(a.one) < key(b.one) ? -1 : key(a.one) > key(b.one) ? 1 : a.i - b.i));
    const numbers = [1, 2, -3].flatMap((lo) => [0, -1].map((hi) => [lo, hi] as const));
    return {
      said: said.map(({ one }) => one),
      count: marks.count(),
      whiteouts: marks.whiteouts,
      paths: numbers.map(([lo, hi]) => marks.paths(lo, hi).sort()),
      links: numbers.map(([lo, hi]) => {
        const all = marks.links.get(inoKey(lo, hi));
        return all === undefined || all.spent === 0 ? null : [all.links, all.spent];
      }),
    };
  }

  it('is the same after a restart: guards the reader that makes no records against the one way that says what they mean', () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 40, size: 'max' }), (records) => {
        const before = meaning(write(records));
        assert.deepEqual(meaning(load()), before);
      }),
      { numRuns: 150 },
    );
  });

  it('means the same after the log was rewritten: guards against a compaction that forgets or revives', () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 40, size: 'max' }), (records) => {
        const marks = write(records);
        const before = meaning(marks);
        ok(compact(here.fd, marks));
        assert.deepEqual(meaning(load()), before);
        const once = readFileSync(file());
        ok(compact(here.fd, load()));
        assert.equal(readFileSync(file()).length, once.length, 'a second time changes the size');
      }),
      { numRuns: 50 },
    );
  });

  it('counts what it gives: guards the decision to rewrite a log, which counts without listing', () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 60, size: 'max' }), (records) => {
        const marks = new Marks(inoKey);
        for (const one of records) marks.apply(one, 0);
        assert.equal(marks.count(), [...marks.records()].length);
      }),
    );
  });

  it('says of each path what the plainest model says: guards the tries, their table of names and the lists of origins', () => {
    fc.assert(
      fc.property(
        fc.array(record, { maxLength: 80, size: 'max' }),
        fc.array(path, { maxLength: 20, size: 'max' }),
        (records, others) => {
          const [marks, model] = [new Marks(inoKey), new MarkModel()];
          for (const one of records) {
            marks.apply(one, 0);
            model.apply(one);
          }
          const asked = [...records.map((one) => one.path), ...model.origins.keys(), ...others];
          for (const at of asked) {
            const flags = marks.disk.flags(marks.disk.find(at));
            assert.deepEqual([flags & WHITEOUT, flags & OPAQUE, flags & SPENT].map(Boolean), [
              model.whiteouts.has(at),
              model.opaques.has(at),
              model.spent.has(at),
            ]);
            const node = marks.merged.find(at);
            const list = node === NONE ? [] : [...marks.originsAt(node)];
            assert.deepEqual(list, model.origins.get(at) ?? [], at);
          }
          assert.deepEqual(
            [...marks.dirty].map(([at, { from }]) => [at, from]),
            [...model.dirty],
          );
          assert.equal(marks.whiteouts, model.whiteouts.size);
          for (const all of marks.links.values()) {
            const names = [...model.spent.values()].filter(
              (name) => name.inoLo === all.inoLo && name.inoHi === all.inoHi,
            );
            assert.equal(all.spent, names.length);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});
