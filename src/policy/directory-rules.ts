// Rules by which a directory is made on flash that others keep away from it: it alone, empty, with those that lead to it. What is excluded stays so.

import { asBytes } from '../bytes.ts';
import type { ByteString } from '../bytes.ts';
import type { Rule } from './exclude-rule.ts';
import type { Excludes } from './excludes.ts';
import { escapeLiteral } from './glob-scan.ts';

/** To come after those of `excludes`, for the directory at `path`, an absolute one. None where it is made anyway, nor where its name is no text. */
export function rulesForDirectory(path: ByteString, excludes: Excludes): Rule[] {
  const rules: Rule[] = [];
  let at = '';
  for (const name of path.split('/').filter((part) => part !== '')) {
    at += `/${name}`;
    if (excludes.decide(asBytes(at)).directoryMade) continue;
    const text = Buffer.from(at, 'latin1').toString('utf8');
    if (text.includes('\ufffd')) return [];
    const glob = text
      .split('/')
      .map((part) => Array.from(part, escapeLiteral).join(''))
      .join('/');
    rules.push({ glob, source: 'option' }, { glob: `${glob}/**`, source: 'option' });
  }
  return rules;
}
