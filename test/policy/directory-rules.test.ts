import assert from 'node:assert/strict';
import { asBytes, fromText } from '../../src/bytes.ts';
import { rulesForDirectory } from '../../src/policy/directory-rules.ts';
import { Excludes } from '../../src/policy/excludes.ts';
import type { Rule } from '../../src/policy/exclude-rule.ts';

function compile(rules: readonly Rule[], before: Excludes | null = null): Excludes {
  const compiled = Excludes.compile(rules, before);
  assert(compiled instanceof Excludes);
  return compiled;
}

const GIVEN = compile([
  { glob: '/var/tmp/**', source: 'built-in' },
  { glob: '/var/log', source: 'built-in' },
]);

describe('policy/directory-rules', () => {
  for (const path of ['/', '/srv/work', '/var/tmp', '/var/log/app']) {
    it(`none for ${path}, which is made anyway`, () => {
      assert.deepEqual(rulesForDirectory(asBytes(path), GIVEN), []);
    });
  }

  for (const path of ['/var/tmp/work', '/var/tmp/a/b/c', '/var/tmp/[x]{y,z} *?!(a)\\ \'"/käse\n#']) {
    it(`have ${JSON.stringify(path)} made, and nothing beside it or in it`, () => {
      const bytes = fromText(path);
      const excludes = compile(rulesForDirectory(bytes, GIVEN), GIVEN);
      for (let at = bytes as string; at !== '/var/tmp'; at = at.slice(0, at.lastIndexOf('/'))) {
        const { excluded, directoryMade } = excludes.decide(asBytes(at));
        assert.deepEqual([excluded, directoryMade], [true, true], at);
        for (const other of [`${at}/inner`, `${at}x`, `${at.slice(0, -1)}y`]) {
          assert.deepEqual(excludes.decide(asBytes(other)).directoryMade, bytes.startsWith(`${other}/`), other);
        }
      }
    });
  }

  it('none for a name that is no text, which no rule can say', () => {
    assert.deepEqual(rulesForDirectory(asBytes('/var/tmp/\xff'), GIVEN), []);
  });
});
