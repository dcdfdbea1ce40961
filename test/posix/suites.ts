// All suites by name: each is a function of a directory and nothing else.

import { attributes } from './attributes.ts';
import type { Cases } from './case.ts';
import { directories } from './directories.ts';
import { links } from './links.ts';
import { names } from './names.ts';
import { opens } from './opens.ts';
import { permissions } from './permissions.ts';
import { renames } from './renames.ts';
import { together } from './together.ts';
import { unlinked } from './unlinked.ts';

export const suites: Readonly<Record<string, Cases>> = {
  opens,
  links,
  renames,
  unlinked,
  directories,
  names,
  attributes,
  permissions,
  together,
};

/** Each case's suite, name and the directory that it gets. */
export const cases = Object.entries(suites).flatMap(([suite, all]) =>
  Object.keys(all).map((name, at) => ({ suite, name, directory: `${suite}-${at}` })),
);
