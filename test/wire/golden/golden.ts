// The form of a golden request: the body as hex with each field group named, and what it must be decoded to.
// Padding is `ee`: the kernel need not clear it, so nothing may depend on it.

import type { OpArgs, OpName } from '../../../src/wire/opcodes.ts';

export interface Golden<K extends OpName> {
  readonly title: string;
  readonly body: string;
  readonly value: OpArgs[K];
}

/** Goldens for some operations, at least one for each. */
export type Goldens<K extends OpName> = { readonly [Op in K]: readonly [Golden<Op>, ...Golden<Op>[]] };
