// What the differential test is made of: a tree to begin with, and steps on it, as plain values that fast-check can make and shrink.
// Few names and few descriptors, so that steps meet each other.

import fc from 'fast-check';
import type { AclEntry } from '../../src/copy/acl.ts';
import { KEEP_ID } from '../../src/sys/attr.ts';
import { O_APPEND, O_CREAT, O_DIRECTORY, O_EXCL, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY } from '../../src/sys/open.ts';
import {
  FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_PUNCH_HOLE,
  FALLOC_FL_ZERO_RANGE,
  SEEK_DATA,
  SEEK_HOLE,
} from '../../src/sys/io.ts';
import { RENAME_EXCHANGE, RENAME_NOREPLACE } from '../../src/sys/link.ts';

/** One object of the first tree, on disk; directories above it are made. */
export interface Plant {
  readonly path: string;
  readonly kind: 'dir' | 'file' | 'symlink' | 'link' | 'fifo';
  readonly size: number;
  readonly mode: number;
  /** Target of a symlink; the path of the file to be linked. */
  readonly target: string;
  /** Else root's. */
  readonly owner?: Owner;
  readonly acl?: Acl;
}

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** A POSIX ACL: who beyond owner, group and others may do what. */
export interface Acl {
  readonly default: boolean;
  readonly entries: readonly AclEntry[];
}

export type Step =
  | { readonly do: 'mkdir' | 'chmod' | 'create'; readonly path: string; readonly mode: number }
  | { readonly do: 'mkfifo'; readonly path: string }
  | { readonly do: 'symlink'; readonly path: string; readonly target: string }
  | { readonly do: 'link'; readonly path: string; readonly to: string; readonly refused?: 'EXDEV' }
  | {
      readonly do: 'rename';
      readonly path: string;
      readonly to: string;
      readonly flags: number;
      /** Refused on the merged root, which is right if a directory or an open file is renamed, and the names are of two routes. */
      readonly refused?: 'EXDEV';
    }
  | { readonly do: 'unlink' | 'rmdir' | 'readlink' | 'stat' | 'list' | 'read' | 'listxattr'; readonly path: string }
  | { readonly do: 'put'; readonly path: string; readonly size: number; readonly byte: number }
  | { readonly do: 'truncate'; readonly path: string; readonly size: number }
  | { readonly do: 'chown'; readonly path: string; readonly uid: number; readonly gid: number }
  | { readonly do: 'utimens'; readonly path: string; readonly time: number }
  | { readonly do: 'setacl'; readonly path: string; readonly acl: Acl }
  | { readonly do: 'umask'; readonly mask: number }
  | { readonly do: 'setxattr'; readonly path: string; readonly name: string; readonly byte: number }
  | { readonly do: 'getxattr' | 'removexattr'; readonly path: string; readonly name: string }
  | {
      readonly do: 'open';
      readonly path: string;
      readonly slot: number;
      readonly flags: number;
      readonly follow: boolean;
    }
  | { readonly do: 'tmpfile'; readonly path: string; readonly slot: number }
  | { readonly do: 'linkSlot'; readonly path: string; readonly slot: number; readonly refused?: boolean }
  | { readonly do: 'close' | 'readSlot' | 'fstat' | 'listSlot' | 'fsync'; readonly slot: number }
  | {
      readonly do: 'write';
      readonly slot: number;
      readonly offset: number;
      readonly size: number;
      readonly byte: number;
    }
  | { readonly do: 'ftruncate' | 'fchmod'; readonly slot: number; readonly value: number }
  | {
      readonly do: 'fallocate';
      readonly slot: number;
      readonly mode: number;
      readonly offset: number;
      readonly size: number;
    }
  | { readonly do: 'seek'; readonly slot: number; readonly offset: number; readonly whence: number }
  | { readonly do: 'copyRange'; readonly slot: number; readonly from: number; readonly size: number };

/** A whole run: what disk holds, what is read first (so that flash has it too), and the steps before and after a remount. */
export interface Sequence {
  readonly plants: readonly Plant[];
  readonly warm: readonly string[];
  readonly before: readonly Step[];
  readonly after: readonly Step[];
}

const SLOTS = 3;
const NAMES = ['a', 'b', 'c'] as const;

const name = fc.constantFrom(...NAMES);
const path = fc.oneof(
  { weight: 3, arbitrary: name },
  { weight: 4, arbitrary: fc.tuple(name, name).map((names) => names.join('/')) },
  { weight: 2, arbitrary: fc.tuple(name, name, name).map((names) => names.join('/')) },
);
const target = fc.constantFrom('a', 'b', '../a', '../c', 'b/c', 'none');
const size = fc.constantFrom(0, 1, 100, 4096, 5000, 9000);
const offset = fc.constantFrom(0, 1, 4096, 8000);
const byte = fc.integer({ min: 1, max: 255 });
const mode = fc.constantFrom(0o644, 0o755, 0o600, 0o700, 0o4755, 0o2755, 0o1777, 0o2770);
const slot = fc.integer({ min: 0, max: SLOTS - 1 });
const xattr = fc.constantFrom('user.a', 'user.b');
const flags = fc.constantFrom(
  O_RDONLY,
  O_RDWR,
  O_WRONLY | O_APPEND,
  O_RDWR | O_CREAT,
  O_RDWR | O_CREAT | O_EXCL,
  O_RDWR | O_TRUNC,
  O_RDONLY | O_DIRECTORY,
);

const plant: fc.Arbitrary<Plant> = fc.record({
  path,
  kind: fc.constantFrom('dir', 'dir', 'file', 'file', 'file', 'symlink', 'link', 'link', 'fifo'),
  size,
  mode,
  target: fc.oneof(path, target),
});

const is = fc.constant;

const steps: readonly fc.WeightedArbitrary<Step>[] = [
  { weight: 3, arbitrary: fc.record({ do: is('mkdir'), path, mode }) },
  { weight: 1, arbitrary: fc.record({ do: is('chmod'), path, mode }) },
  { weight: 1, arbitrary: fc.record({ do: is('mkfifo'), path }) },
  { weight: 1, arbitrary: fc.record({ do: is('symlink'), path, target }) },
  { weight: 3, arbitrary: fc.record({ do: is('link'), path, to: path }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: is('rename'),
      path,
      to: path,
      flags: fc.constantFrom(0, 0, 0, RENAME_NOREPLACE, RENAME_EXCHANGE),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: is('unlink'), path }) },
  { weight: 3, arbitrary: fc.record({ do: is('rmdir'), path }) },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constantFrom('readlink', 'stat', 'list', 'read', 'listxattr'), path }),
  },
  { weight: 4, arbitrary: fc.record({ do: is('put'), path, size, byte }) },
  { weight: 1, arbitrary: fc.record({ do: is('truncate'), path, size }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: is('chown'),
      path,
      uid: fc.constantFrom(0, 1000),
      gid: fc.constantFrom(0, 1000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: is('utimens'), path, time: fc.integer({ min: -1000, max: 1000 }) }) },
  { weight: 1, arbitrary: fc.record({ do: is('setxattr'), path, name: xattr, byte }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('getxattr', 'removexattr'), path, name: xattr }) },
  { weight: 5, arbitrary: fc.record({ do: is('open'), path, slot, flags, follow: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: is('tmpfile'), path, slot }) },
  { weight: 1, arbitrary: fc.record({ do: is('linkSlot'), path, slot }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom('close', 'readSlot', 'fstat', 'listSlot', 'fsync'), slot }) },
  { weight: 4, arbitrary: fc.record({ do: is('write'), slot, offset, size, byte }) },
  { weight: 1, arbitrary: fc.record({ do: is('ftruncate'), slot, value: size }) },
  { weight: 1, arbitrary: fc.record({ do: is('fchmod'), slot, value: mode }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: is('fallocate'),
      slot,
      mode: fc.constantFrom(0, FALLOC_FL_KEEP_SIZE, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, FALLOC_FL_ZERO_RANGE),
      offset,
      size,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: is('seek'), slot, offset, whence: fc.constantFrom(SEEK_DATA, SEEK_HOLE) }),
  },
  { weight: 1, arbitrary: fc.record({ do: is('copyRange'), slot, from: slot, size }) },
];

const step = fc.oneof(...steps);

export const sequence: fc.Arbitrary<Sequence> = fc.record({
  plants: fc.array(plant, { maxLength: 10 }),
  warm: fc.array(path, { maxLength: 4 }),
  before: fc.array(step, { maxLength: 25, size: 'max' }),
  after: fc.array(step, { maxLength: 10, size: 'max' }),
});

/** As `step`, with names that trade places, and new content below both, more often. */
const trade: fc.Arbitrary<Step> = fc.oneof(
  ...steps,
  { weight: 12, arbitrary: fc.record({ do: is('rename'), path, to: path, flags: is(RENAME_EXCHANGE) }) },
  { weight: 6, arbitrary: fc.record({ do: is('put'), path, size, byte }) },
  { weight: 3, arbitrary: fc.record({ do: is('mkdir'), path, mode }) },
);

/** As `sequence`, with more on flash, whole directories among it, that changes its place. */
export const upgradeSequence: fc.Arbitrary<Sequence> = fc.record({
  plants: fc.array(plant, { minLength: 5, maxLength: 16, size: 'max' }),
  warm: fc.array(path, { maxLength: 12, size: 'max' }),
  before: fc.array(trade, { maxLength: 25, size: 'max' }),
  after: fc.array(trade, { maxLength: 10, size: 'max' }),
});

/** Who the user of `userSequence` is: also in the second group, not in the third. */
export const USER = { uid: 1000, gid: 1000, groups: [1000, 2000] } as const;

// Mostly what lets him go on: steps that are refused change nothing.
const uid = fc.constantFrom(0, USER.uid, USER.uid, USER.uid, 1001);
const gid = fc.constantFrom(0, USER.gid, USER.gid, 2000, 2000, 3000);
const fileMode = fc.constantFrom(0o644, 0o666, 0o664, 0o600, 0o4755, 0o6775, 0o6777, 0o2755, 0o2767, 0o000);
const dirMode = fc.constantFrom(0o777, 0o777, 0o1777, 0o2777, 0o3777, 0o2775, 0o755, 0o711, 0o555);
const perm = fc.constantFrom(7, 7, 7, 7, 6, 5, 3, 0);

const acl: fc.Arbitrary<Acl> = fc
  .tuple(fc.boolean(), fc.tuple(perm, perm, perm, perm, perm, perm), fc.constantFrom(USER.uid, 1001), gid)
  .map(([isDefault, [user, namedUser, group, namedGroup, mask, others], id, groupId]) => ({
    default: isDefault,
    entries: [
      { tag: 'user', perm: user },
      { tag: 'namedUser', perm: namedUser, id },
      { tag: 'group', perm: group },
      { tag: 'namedGroup', perm: namedGroup, id: groupId },
      { tag: 'mask', perm: mask },
      { tag: 'other', perm: others },
    ],
  }));

const owner = fc.record({ uid, gid });
const someAcl = fc.oneof({ weight: 6, arbitrary: is(null) }, { weight: 1, arbitrary: acl });

const userPlant: fc.Arbitrary<Plant> = fc
  .tuple(plant, owner, dirMode, fileMode, someAcl)
  .map(([one, whose, ofDir, ofFile, list]) => ({
    ...{ ...one, owner: whose, mode: one.kind === 'dir' ? ofDir : ofFile },
    ...(list === null ? {} : { acl: list }),
  }));

/** The directory that all others are in. */
const top: fc.Arbitrary<Plant> = fc.tuple(owner, dirMode, someAcl).map(([whose, its, list]) => ({
  ...{ path: '.', kind: 'dir', size: 0, target: '', mode: its, owner: whose },
  ...(list === null ? {} : { acl: list }),
}));

const userStep: fc.Arbitrary<Step> = fc.oneof(
  ...steps,
  { weight: 3, arbitrary: fc.record({ do: is('mkdir'), path, mode: dirMode }) },
  { weight: 2, arbitrary: fc.record({ do: is('chmod'), path, mode: fc.oneof(dirMode, fileMode) }) },
  { weight: 2, arbitrary: fc.record({ do: is('chown'), path, uid: fc.oneof(uid, is(KEEP_ID)), gid }) },
  { weight: 2, arbitrary: fc.record({ do: is('setacl'), path, acl }) },
  { weight: 1, arbitrary: fc.record({ do: is('umask'), mask: fc.constantFrom(0, 0o022, 0o027, 0o077) }) },
  { weight: 1, arbitrary: fc.record({ do: is('fchmod'), slot, value: fileMode }) },
);

/** As `sequence`, for steps taken by a user who may not do all of them, on objects of several owners. */
export const userSequence: fc.Arbitrary<Sequence> = fc.record({
  plants: fc
    .tuple(top, fc.array(userPlant, { minLength: 4, maxLength: 14, size: 'max' }))
    .map(([first, others]) => [first, ...others]),
  warm: fc.array(path, { maxLength: 4 }),
  before: fc.array(userStep, { maxLength: 25, size: 'max' }),
  after: fc.array(userStep, { maxLength: 10, size: 'max' }),
});

/** Without steps that set suid or sgid: of a file that is passed through and open, they would stay when it is written (README.md). */
export function withoutNewPrivileges(all: fc.Arbitrary<Sequence>): fc.Arbitrary<Sequence> {
  const plain = (one: Step): Step => {
    if (one.do === 'chmod') return { ...one, mode: one.mode & 0o1777 };
    return one.do === 'fchmod' ? { ...one, value: one.value & 0o1777 } : one;
  };
  return all.map((one) => ({ ...one, before: one.before.map(plain), after: one.after.map(plain) }));
}
