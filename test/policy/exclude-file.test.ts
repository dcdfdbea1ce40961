// Guards against a comment or a blank taken for a glob, a wrong line number in a message, and bytes silently replaced.

import assert from 'node:assert/strict';
import { BadGlob } from '../../src/policy/exclude-rule.ts';
import { parseExcludeFile } from '../../src/policy/exclude-file.ts';

describe('policy: exclude file', () => {
  it('reads one glob per line, and says where it was', () => {
    const text = '\ufeff# comment\n\n  /var/log  \r\n!/var/log/keep\n\\#odd\n/with\\ \n/last';
    assert.deepEqual(parseExcludeFile('ex', Buffer.from(text)), [
      { glob: '/var/log', source: 'file', file: 'ex', line: 3 },
      { glob: '!/var/log/keep', source: 'file', file: 'ex', line: 4 },
      { glob: '\\#odd', source: 'file', file: 'ex', line: 5 },
      { glob: '/with\\ ', source: 'file', file: 'ex', line: 6 },
      { glob: '/last', source: 'file', file: 'ex', line: 7 },
    ]);
    assert.deepEqual(parseExcludeFile('ex', Buffer.alloc(0)), []);
  });

  it('refuses a line that is not UTF-8, by its number', () => {
    const bad = parseExcludeFile('ex', Buffer.from('/a\n/b\xff\n', 'latin1'));
    assert(bad instanceof BadGlob);
    assert.match(bad.message, /^ex:2: .*not UTF-8/);
  });
});
