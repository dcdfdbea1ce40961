// The exclude rules of a configuration: from options and files, in the order in which they were given. The built-in ones come before them
// and are not in here.

import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseExcludeFile } from '../policy/exclude-file.ts';
import { BadGlob, type Rule } from '../policy/exclude-rule.ts';
import { parseGlob } from '../policy/glob.ts';
import { StartError } from './start-error.ts';

/** What one `--exclude` or `--exclude-from` says. */
export type ExcludeOption = { readonly glob: string } | { readonly file: string };

/** All rules, or the first that cannot be used. */
export function collectRules(options: readonly ExcludeOption[]): Rule[] | StartError {
  const rules: Rule[] = [];
  for (const option of options) {
    const more = 'glob' in option ? [{ glob: option.glob, source: 'option' } as const] : readRules(option.file);
    if (more instanceof StartError) return more;
    rules.push(...more);
  }
  for (const rule of rules) {
    const glob = parseGlob(rule.glob);
    if (typeof glob === 'string') return new StartError('usage', new BadGlob(rule, glob).message);
  }
  return rules;
}

function readRules(path: string): Rule[] | StartError {
  try {
    const stat = statSync(path);
    // A pipe will do: `<(command)` of a shell.
    if (!stat.isFile() && !stat.isFIFO()) return new StartError('path', `exclude-from ${path} is not a file`);
    const rules = parseExcludeFile(resolve(path), readFileSync(path));
    return rules instanceof BadGlob ? new StartError('usage', rules.message) : rules;
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    return new StartError('path', `exclude-from ${path}: ${REASONS.get(code) ?? message}`);
  }
}

const REASONS = new Map([
  ['ENOENT', 'no such file'],
  ['ENOTDIR', 'a part of the path is not a directory'],
  ['EACCES', 'permission denied'],
  ['ELOOP', 'too many symlinks'],
]);
