// The table of commands: what each may be given. Its type makes it complete, and of one mind with the protocol's types.

import { MODES } from '../policy/mode.ts';
import { flag, listOf, oneOf, optional, path, seconds, text, type FieldsOf } from './fields.ts';
import type { CommandName, Commands } from './protocol.ts';

export const COMMANDS: { readonly [C in CommandName]: FieldsOf<Commands[C]['args']> } = {
  status: {},
  settle: {},
  mode: { to: optional(oneOf(MODES)) },
  rehearse: { end: optional(flag) },
  upgrade: { end: optional(flag) },
  changes: {},
  misses: {},
  detach: { wait: optional(seconds), force: optional(flag) },
  attach: { disk: optional(path) },
  add: { paths: listOf(path) },
  forget: { paths: listOf(path), force: optional(flag) },
  sync: {},
  unmount: { lazy: optional(flag) },
  excludes: {},
  'exclude-add': { globs: listOf(text) },
  'exclude-rm': { globs: listOf(text) },
};
