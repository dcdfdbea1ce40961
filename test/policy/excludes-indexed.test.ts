// Guards against an index that decides otherwise than the rules say: the wrong rule of several, a directory's rule that does not reach
// its content, a `**` that skips or eats a component, literal ends of a name that overlap.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { asBytes } from '../../src/bytes.ts';
import { Excludes } from '../../src/policy/excludes.ts';
import { BadGlob } from '../../src/policy/exclude-rule.ts';
import type { Rule } from '../../src/policy/exclude-rule.ts';
import { decideNaively } from './naive-excludes.ts';

const NAMES = [
  'a',
  'b',
  'ab',
  'aba',
  'ba',
  'a.b',
  '.a',
  'core',
  'core.1',
  'x.swp',
  '.x.swp',
  'a b',
  'a\nb',
  '\n',
  'a+',
  '\xff',
  '\xc3\xa9',
  '-',
  'c++',
];
const name = fc.constantFrom(...NAMES);
const path = fc.array(name, { minLength: 1, maxLength: 5 }).map((names) => names.join('/'));

const piece = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('a', 'b', 'ab', '.', 'core', 'é', '+', ' ', '\n') },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      '*',
      '?',
      '[ab]',
      '[!a]',
      '[a-c.]',
      '[[:alpha:]]',
      '[]a]',
      '\\*',
      '\\a',
      '+(a|b)',
      '@(a|ab)',
      'b!(a)',
      '?(.)x',
      'b*(a)',
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom('{a,b}', '{a,b*}', '{1..3}', '{a,{b,core}}', '{,a}') },
);
const component = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...NAMES.filter((n) => !n.includes('\xff') && !n.includes('\xc3'))) },
  { weight: 3, arbitrary: fc.constant('**') },
  { weight: 5, arbitrary: fc.array(piece, { minLength: 1, maxLength: 3 }).map((pieces) => pieces.join('')) },
  { weight: 1, arbitrary: fc.constantFrom('@(a/b|b)', '*.swp', 'core*', 'a*a', '*', '**a') },
);
const glob = fc
  .tuple(
    fc.constantFrom('', '', '!'),
    fc.constantFrom('/', '/', ''),
    fc.array(component, { minLength: 1, maxLength: 4 }),
    fc.constantFrom('', '', '/', '/**'),
  )
  .map(([bang, slash, components, end]) => `${bang}${slash}${components.join('/')}${end}`);

function rulesOf(globs: readonly string[]): Rule[] {
  return globs.map((text) => ({ glob: text, source: 'option' }));
}

function usable(text: string): boolean {
  return !(Excludes.compile(rulesOf([text])) instanceof BadGlob);
}

describe('policy: excludes, indexed', () => {
  it('decides as the rules read one by one, the last that matches first', function () {
    this.timeout(120_000);
    let matched = 0;
    let asked = 0;
    fc.assert(
      fc.property(
        fc.array(glob.filter(usable), { minLength: 1, maxLength: 8 }),
        fc.array(path, { minLength: 1, maxLength: 6 }),
        (globs, paths) => {
          const rules = rulesOf(globs);
          const excludes = Excludes.compile(rules);
          assert(excludes instanceof Excludes);
          for (const subject of paths) {
            const expected = decideNaively(rules, subject);
            const decision = excludes.decide(asBytes(subject));
            const told = `${JSON.stringify(globs)} about ${JSON.stringify(subject)}`;
            assert.equal(decision.rule?.glob, expected?.rule.glob, told);
            const negated = expected !== null && /^!(?!\()/.test(expected.rule.glob);
            assert.equal(decision.excluded, expected !== null && !negated, told);
            assert.equal(decision.directoryMade, !(decision.excluded && expected?.belowOnly === true), told);
            asked++;
            if (expected !== null) matched++;
          }
        },
      ),
      { numRuns: 2000 },
    );
    assert(
      matched > asked / 10 && matched < asked * 0.95,
      `${matched} of ${asked} paths matched: the generator proves little`,
    );
  });
});
