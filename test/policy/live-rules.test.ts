// Guards against a rule that is another one after it was kept and read again, a list that is changed in part where one glob is bad, and a
// rule that decides from another rank than it was given.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { fromText } from '../../src/bytes.ts';
import { BadGlob } from '../../src/policy/exclude-rule.ts';
import type { Rule } from '../../src/policy/exclude-rule.ts';
import { Excludes } from '../../src/policy/excludes.ts';
import { liveRulesText, parseLiveRules, withoutRules, withRules } from '../../src/policy/live-rules.ts';

function added(rules: readonly Rule[], ...globs: string[]): Rule[] {
  const result = withRules(rules, globs);
  assert(!(result instanceof BadGlob), (result as BadGlob).message);
  return result;
}

function globs(rules: readonly Rule[]): string[] {
  return rules.map(({ glob }) => glob);
}

describe('policy: live rules', () => {
  it('come in the order in which they were given; given again, a rule becomes the last', () => {
    const rules = added(added([], '/a', '!/a/b', '/c'), '/d', '/a', '/d', '/a');
    assert.deepEqual(globs(rules), ['!/a/b', '/c', '/d', '/a']);
    assert(rules.every(({ source }) => source === 'live'));
  });

  it('are all added or none', () => {
    const wrong: [string, RegExp][] = [
      ['/b[', /^bad exclude glob '\/b\[': a '\[' is not closed/],
      ['', /it is empty/],
      ['/a\n/b', /newline .write \? for it/],
      ['/\ufffd', /not UTF-8 .write \?/],
      ['/\ud800', /not UTF-8/],
      ['/a/../b', /'\.\.'/],
    ];
    for (const [glob, message] of wrong) {
      const result = withRules([], ['/a', glob, '/c']);
      assert(result instanceof BadGlob, glob);
      assert.match(result.message, message);
    }
  });

  it('are all removed or none', () => {
    const rules = added([], '/a', '!/b', ' /c ', '#d');
    assert.deepEqual(withoutRules(rules, ['/a', '/x', '/b']), { unknown: ['/x', '/b'] });
    const left = withoutRules(rules, ['#d', ' /c ']);
    assert('rules' in left);
    assert.deepEqual(globs(left.rules), ['/a', '!/b']);
  });

  it('are the same rules once they were kept and read again', () => {
    const piece = fc.constantFrom(
      ' ',
      '\t',
      '\r',
      '#',
      '!',
      '\\',
      '/',
      'a',
      '*',
      '\u00a0',
      '\u2028',
      '\ufeff',
      'é',
      '?',
    );
    const text = fc.array(piece, { minLength: 1, maxLength: 6 }).map((pieces) => pieces.join(''));
    const usable = text.filter((glob) => !(withRules([], [glob]) instanceof BadGlob));
    fc.assert(
      fc.property(
        fc.array(usable, { minLength: 1, maxLength: 4 }),
        fc.array(text, { maxLength: 6 }),
        (given, paths) => {
          const rules = added([], ...given);
          const read = parseLiveRules('excludes', Buffer.from(liveRulesText(rules)));
          assert.deepEqual(read, rules);
          assert.deepEqual(added(rules, ...globs(rules)), rules);
          // As if they had been given as options: the text that is kept means what was typed.
          const [kept, typed] = [rules, dedupe(given).map((glob): Rule => ({ glob, source: 'option' }))].map((list) =>
            Excludes.compile(list),
          );
          assert(kept instanceof Excludes && typed instanceof Excludes);
          for (const path of [...paths, ...given]) {
            assert.equal(kept.decide(fromText(path)).excluded, typed.decide(fromText(path)).excluded, path);
          }
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('that were edited by hand are refused where they stand', () => {
    const bad = parseLiveRules('/flash/.rootsync/excludes', Buffer.from('# mine\n/a\n\n/b[\n'));
    assert(bad instanceof BadGlob);
    assert.match(bad.message, /^\/flash\/\.rootsync\/excludes:4: bad exclude glob '\/b\['/);
  });

  it('decide before those that they come after', () => {
    const first = Excludes.compile([
      { glob: '/a', source: 'built-in' },
      { glob: '/b', source: 'option' },
    ]);
    assert(first instanceof Excludes);
    const all = Excludes.compile(added([], '!/a/keep', '/c'), first);
    assert(all instanceof Excludes);
    const decided = (path: string) => all.decide(fromText(path)).rule?.glob ?? null;
    assert.deepEqual(['/a/x', '/a/keep/x', '/b', '/c', '/d'].map(decided), ['/a', '!/a/keep', '/b', '/c', null]);
    assert.equal(all.decide(fromText('/a/keep/x')).excluded, false);
  });
});

/** Each glob where it stands last. */
function dedupe(list: readonly string[]): string[] {
  return list.filter((glob, i) => !list.slice(i + 1).includes(glob));
}
