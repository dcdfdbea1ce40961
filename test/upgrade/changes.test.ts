// What is said to have changed. Guards against names that came and went, files that were only opened, and a memory that grows without end.

import assert from 'node:assert/strict';
import { asBytes } from '../../src/bytes.ts';
import { newStat } from '../../src/sys/stat.ts';
import { Changes } from '../../src/upgrade/changes.ts';

const path = asBytes;

function told(changes: Changes, wanted: readonly string[] = [], ctime = 0): string[] {
  const { changed } = changes.report(
    (one) => wanted.includes(one),
    () => ({ ctime, ctimeNsec: 0 }),
  );
  return changed.map(({ path: one, what, on }) => `${one} ${what} ${on}`);
}

describe('upgrade/changes', () => {
  let changes: Changes;
  beforeEach(() => {
    changes = new Changes();
    changes.watch(true);
  });

  it('counts what comes out at the end', () => {
    changes.made(path('tmp'), 'disk');
    changes.gone(path('tmp'), 'disk');
    changes.gone(path('back'), 'disk');
    changes.made(path('back'), 'disk');
    changes.made(path('over'), 'disk', true);
    changes.made(path('new'), 'disk');
    changes.changed(path('new'), 'disk');
    changes.gone(path('old'), 'flash');
    assert.deepEqual(told(changes, ['over']), [
      'back changed disk',
      'over changed both',
      'new added disk',
      'old removed flash',
    ]);
  });

  it('knows what was opened from what was written', () => {
    changes.opened(path('a'), 'disk', newStat());
    assert.deepEqual(told(changes), []);
    assert.deepEqual(told(changes, [], 1), ['a changed disk']);
    changes.changed(path('a'), 'disk');
    assert.deepEqual(told(changes), ['a changed disk']);
  });

  it('says of what flash got since a symlink leads to it where it is now', () => {
    changes.made(path('lib.2'), 'disk');
    changes.pulled(path('lib.2'));
    changes.pulled(path('other'));
    assert.deepEqual(told(changes), ['lib.2 added both', 'other added flash']);
  });

  it('takes what is below a renamed directory along', () => {
    changes.made(path('d/new'), 'disk');
    changes.changed(path('d/old'), 'disk');
    changes.made(path('dd'), 'disk');
    changes.renamed(path('d'), path('e'));
    changes.gone(path('d'), 'disk');
    changes.made(path('e'), 'disk');
    assert.deepEqual(told(changes).sort(), ['d removed disk', 'dd added disk', 'e added disk', 'e/new added disk']);
  });

  it('keeps so many and counts the rest', () => {
    for (let i = 0; i < 65_540; i++) changes.made(path(String(i)), 'disk');
    const { changed, more } = changes.report(
      () => false,
      () => undefined,
    );
    assert.deepEqual([changed.length, more], [65_536, 4]);
    changes.watch(false);
    assert.deepEqual(told(changes), []);
  });
});
