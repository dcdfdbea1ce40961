// docs/control.md is the protocol's public description: a command or a code that it does not know is not documented.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { COMMANDS } from '../../src/control/commands.ts';

describe('docs/control.md', () => {
  const text = readFileSync(new URL('../../../docs/control.md', import.meta.url), 'utf8');
  const sections = new Map(
    text
      .split(/^### /m)
      .slice(1)
      .map((section) => [section.split('\n', 1)[0] ?? '', section]),
  );

  it('has a section for each command, and for no other', () => {
    assert.deepEqual([...sections.keys()].sort(), Object.keys(COMMANDS).sort());
  });

  for (const [command, fields] of Object.entries(COMMANDS)) {
    it(`names each argument of ${command}`, () => {
      for (const field of Object.keys(fields)) assert.match(sections.get(command) ?? '', new RegExp(`\`${field}\``));
    });
  }
});
