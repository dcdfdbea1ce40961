// Reads the content of an exclude file: one glob per line; blank lines and lines that begin with `#` are passed over, `\#` begins a
// glob with `#`. Opens no file itself.

import { BadGlob } from './exclude-rule.ts';
import type { Rule } from './exclude-rule.ts';

/** The rules of a file in their order; `name` is how messages call the file. A line must be UTF-8 (`?` stands for a byte that is not). */
export function parseExcludeFile(name: string, content: Uint8Array): Rule[] | BadGlob {
  const rules: Rule[] = [];
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  let line = 0;
  for (let start = 0; start < bytes.length;) {
    const newline = bytes.indexOf(0x0a, start);
    const end = newline < 0 ? bytes.length : newline;
    line++;
    const raw = bytes.subarray(start, end);
    const rule: Rule = { glob: trim(raw.toString('utf8')), source: 'file', file: name, line };
    if (!raw.equals(Buffer.from(raw.toString('utf8'), 'utf8'))) return new BadGlob(rule, 'the line is not UTF-8');
    if (rule.glob !== '' && !rule.glob.startsWith('#')) rules.push(rule);
    start = end + 1;
  }
  return rules;
}

/** Without surrounding blanks (and the CR of a DOS file); a trailing blank stays when a backslash is before it. */
function trim(text: string): string {
  return text
    .trimStart()
    .replace(/(?<!\\)\s+$/, '')
    .replace(/^\ufeff/, '');
}
