// What the arguments of a command may be: one check per field, which the compiler holds against the command's type. Pure; takes nothing on trust.

import type { PathText } from './protocol.ts';

/** A field that must be there. */
export interface Field<T> {
  /** For "NAME must be ...". */
  readonly what: string;
  readonly accepts: (value: unknown) => value is T;
}

/** A field that may be left out. */
export interface OptionalField<T> extends Field<T> {
  readonly optional: true;
}

/** The checks of an arguments type: each of its fields, and no others. */
export type FieldsOf<T> = {
  readonly [K in keyof T]-?: object extends Pick<T, K> ? OptionalField<NonNullable<T[K]>> : Field<T[K]>;
};

export const flag: Field<boolean> = { what: 'a boolean', accepts: (value) => typeof value === 'boolean' };

export const seconds: Field<number> = {
  what: 'a number of seconds, 0 or more',
  accepts: (value): value is number => typeof value === 'number' && value >= 0 && value <= 2 ** 31,
};

export const text: Field<string> = { what: 'a string', accepts: (value) => typeof value === 'string' };

export const path: Field<PathText> = {
  what: 'an absolute path: a string, or {"bytes": HEX}',
  accepts: (value): value is PathText => {
    if (typeof value === 'string') return value.startsWith('/') && !value.includes('\0');
    const bytes = (value as { bytes?: unknown } | null)?.bytes;
    return typeof bytes === 'string' && /^2f(?:[0-9a-f]{2})*$/.test(bytes) && !/^(?:..)*00/.test(bytes);
  },
};

export function oneOf<const T extends string>(words: readonly T[]): Field<T> {
  return {
    what: `one of ${words.join(', ')}`,
    accepts: (value): value is T => (words as readonly unknown[]).includes(value),
  };
}

export function listOf<T>(of: Field<T>): Field<readonly T[]> {
  return {
    what: `an array, each element ${of.what}`,
    accepts: (value): value is readonly T[] => Array.isArray(value) && value.every(of.accepts),
  };
}

export function optional<T>(field: Field<T>): OptionalField<T> {
  return { ...field, optional: true };
}

/** What is wrong with arguments; undefined: they are what the fields say. */
export function wrongField(
  fields: Readonly<Record<string, Field<unknown> | OptionalField<unknown>>>,
  args: Readonly<Record<string, unknown>>,
): string | undefined {
  for (const [name, value] of Object.entries(args)) {
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (field === undefined) return `no argument ${JSON.stringify(name)} here`;
    if (!field.accepts(value)) return `${name} must be ${field.what}`;
  }
  const missing = Object.entries(fields).find(([name, field]) => !('optional' in field) && !Object.hasOwn(args, name));
  return missing === undefined ? undefined : `${missing[0]} is missing: ${missing[1].what}`;
}
