// Changes that must come about as a whole or not at all: what disk holds first, what is done in peace, and the change. Plain values, for the
// executor.

import { O_CREAT, O_EXCL, O_RDWR, O_TRUNC } from '../../src/sys/open.ts';
import { RENAME_EXCHANGE, RENAME_NOREPLACE } from '../../src/sys/link.ts';
import type { Plant, Step } from './steps.ts';

export interface Change {
  /** Done while there is room. */
  readonly first?: readonly Step[];
  /** The last of these is the change; those before it hold what it needs. */
  readonly steps: readonly Step[];
  /** It only takes something away: a full flash must not refuse it. */
  readonly removes?: boolean;
}

const plant = (path: string, kind: Plant['kind'], more: Partial<Plant> = {}): Plant => ({
  path,
  kind,
  size: 3000,
  mode: kind === 'dir' ? 0o750 : 0o640,
  target: '',
  ...more,
});

/** Each change begins with this tree, on disk. */
export const PLANTS: readonly Plant[] = [
  plant('file', 'file'),
  plant('second', 'file', { size: 5000 }),
  plant('dir', 'dir'),
  plant('dir/inside', 'file'),
  plant('dir/sub/deep', 'dir'),
  plant('dir/sub/deep/file', 'file'),
  plant('empty', 'dir'),
  plant('one', 'file', { size: 2000 }),
  plant('dir/two', 'link', { target: 'one' }),
  plant('symlink', 'symlink', { target: 'dir/inside' }),
  plant('fifo', 'fifo'),
];

const LONG = 'long/'.repeat(60);
const file = { path: 'file' } as const;
const open = (path: string, flags: number): Step => ({ do: 'open', path, slot: 0, flags, follow: false });
const rename = (path: string, to: string, flags = 0): Step => ({ do: 'rename', path, to, flags });
const write: Step = { do: 'write', slot: 0, offset: 10, size: 100, byte: 7 };
const look: readonly Step[] = ['one', 'dir/two', 'dir/sub/deep/file'].map((path) => ({ do: 'stat', path }));
const copied = (path: string): Step => ({ do: 'chmod', path, mode: 0o711 });

export const CHANGES: Readonly<Record<string, Change>> = {
  write: { steps: [open('file', O_RDWR), write] },
  'write deep below': { steps: [open('dir/sub/deep/file', O_RDWR), write] },
  'open with O_TRUNC': { steps: [open('file', O_RDWR | O_TRUNC)] },
  'open with O_TRUNC one of two names': { first: look, steps: [open('dir/two', O_RDWR | O_TRUNC)] },
  truncate: { steps: [{ do: 'truncate', ...file, size: 100 }] },
  'truncate to nothing one of two names': { first: look, steps: [{ do: 'truncate', path: 'one', size: 0 }] },
  chmod: { steps: [{ do: 'chmod', ...file, mode: 0o600 }] },
  'chmod of a directory': { steps: [{ do: 'chmod', path: 'dir/sub/deep', mode: 0o700 }] },
  chown: { steps: [{ do: 'chown', ...file, uid: 1000, gid: 1000 }] },
  'chown of a symlink': { steps: [{ do: 'chown', path: 'symlink', uid: 1000, gid: 1000 }] },
  utimens: { steps: [{ do: 'utimens', path: 'fifo', time: 5 }] },
  setxattr: { steps: [{ do: 'setxattr', ...file, name: 'user.a', byte: 3 }] },
  link: { steps: [{ do: 'link', ...file, to: 'dir/sub/deep/new' }] },
  'link one of two names': { first: look, steps: [{ do: 'link', path: 'one', to: 'empty/new' }] },
  'rename of a file': { steps: [rename('file', 'dir/sub/deep/new')] },
  'rename without replacing': { steps: [rename('dir/inside', 'new', RENAME_NOREPLACE)] },
  'rename over a file': { steps: [rename('file', 'second')] },
  'rename over one of two names': { first: look, steps: [rename('file', 'dir/two')] },
  'rename of one of two names': { first: look, steps: [rename('dir/two', 'empty/new')] },
  'rename of a directory': { steps: [rename('dir', 'empty/new')] },
  'rename of a directory with changes below': {
    first: [copied('dir/inside'), rename('dir/two', 'dir/sub/moved')],
    steps: [rename('dir', 'new')],
  },
  'rename over a directory': { steps: [rename('dir', 'empty')] },
  'exchange of files': { steps: [rename('file', 'dir/inside', RENAME_EXCHANGE)] },
  'exchange of file and directory': { steps: [rename('one', 'dir/sub', RENAME_EXCHANGE)] },
  unlink: { steps: [{ do: 'unlink', ...file }], removes: true },
  'unlink deep below': { steps: [{ do: 'unlink', path: 'dir/sub/deep/file' }], removes: true },
  'unlink of one of two names': { first: look, steps: [{ do: 'unlink', path: 'one' }], removes: true },
  'unlink of what both have': { first: [copied('file')], steps: [{ do: 'unlink', ...file }], removes: true },
  'unlink of one of two names that both have': {
    first: [...look, copied('one')],
    steps: [{ do: 'unlink', path: 'one' }],
  },
  rmdir: { steps: [{ do: 'rmdir', path: 'empty' }], removes: true },
  'rmdir of what both have': { first: [copied('empty')], steps: [{ do: 'rmdir', path: 'empty' }], removes: true },
  create: { steps: [open('dir/sub/deep/new', O_RDWR | O_CREAT | O_EXCL)] },
  mkdir: { steps: [{ do: 'mkdir', path: 'dir/sub/deep/new', mode: 0o755 }] },
  'mkdir with setgid': { steps: [{ do: 'mkdir', path: 'new', mode: 0o2755 }] },
  'create with suid': { steps: [{ do: 'create', path: 'new', mode: 0o4755 }] },
  mkfifo: { steps: [{ do: 'mkfifo', path: 'empty/new' }] },
  symlink: { steps: [{ do: 'symlink', path: 'empty/new', target: LONG }] },
  'create where something was removed': {
    first: [{ do: 'unlink', ...file }],
    steps: [open('file', O_RDWR | O_CREAT | O_EXCL)],
  },
  'mkdir where something was removed': {
    first: [{ do: 'rmdir', path: 'empty' }],
    steps: [{ do: 'mkdir', path: 'empty', mode: 0o755 }],
  },
  'symlink where one of two names was removed': {
    first: [...look, { do: 'unlink', path: 'dir/two' }],
    steps: [{ do: 'symlink', path: 'dir/two', target: LONG }],
  },
  'link where something was removed': {
    first: [...look, { do: 'unlink', ...file }],
    steps: [{ do: 'link', path: 'one', to: 'file' }],
  },
  'a name for what has none': {
    steps: [
      { do: 'tmpfile', path: 'dir/sub/deep', slot: 0 },
      { do: 'linkSlot', path: 'dir/sub/deep/new', slot: 0 },
    ],
  },
};
