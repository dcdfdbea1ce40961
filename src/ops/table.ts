// All operations, by the protocol's names. The compiler checks that none is missing.

import type { Operation, Operations } from '../fuse/operation.ts';
import type { OpName } from '../wire/opcodes.ts';
import { beforeChange } from './ahead.ts';
import { create, tmpfile } from './create.ts';
import type { Engine } from './engine.ts';
import { batchForget, forget } from './forget.ts';
import { getattr, statx } from './getattr.ts';
import { ioctl } from './ioctl.ts';
import { link } from './link.ts';
import { lookup } from './lookup.ts';
import { mkdir, mknod, symlink } from './make.ts';
import { open, release } from './open.ts';
import { opendir, releasedir } from './opendir.ts';
import { copyFileRange, copyFileRange64, fallocate, lseek } from './ranges.ts';
import { read } from './read.ts';
import { readdir, readdirplus } from './readdir.ts';
import { readlink } from './readlink.ts';
import { rename } from './rename.ts';
import { rmdir } from './rmdir.ts';
import { routed } from './routed.ts';
import { setattr } from './setattr.ts';
import { removexattr, setxattr } from './setxattr.ts';
import { statfs } from './statfs.ts';
import { flush, fsync, fsyncdir } from './sync.ts';
import { unlink } from './unlink.ts';
import { notImplemented } from './unsupported.ts';
import { changing, making, opening, removing, renaming } from './watched.ts';
import { write } from './write.ts';
import { getxattr, listxattr } from './xattr.ts';

const all = {
  lookup,
  forget,
  batchForget,
  getattr,
  statx,
  setattr: changing(routed(setattr)),
  readlink,
  symlink: making(routed(symlink)),
  mknod: making(routed(mknod)),
  mkdir: making(routed(mkdir)),
  unlink: removing(routed(unlink)),
  rmdir: removing(routed(rmdir)),
  rename: renaming(routed(rename)),
  rename2: renaming(routed(rename)),
  link: making(routed(link)),
  open: opening(routed(open)),
  create: making(routed(create)),
  tmpfile: routed(tmpfile),
  read,
  write,
  flush,
  release,
  fsync,
  fallocate,
  lseek,
  copyFileRange,
  copyFileRange64,
  opendir,
  readdir,
  readdirplus,
  releasedir,
  fsyncdir,
  statfs,
  setxattr: changing(routed(setxattr)),
  getxattr,
  listxattr,
  removexattr: changing(routed(removexattr)),
  ioctl: routed(ioctl),
  access: notImplemented,
  getlk: notImplemented,
  setlk: notImplemented,
  setlkw: notImplemented,
  bmap: notImplemented,
  poll: notImplemented,
  setupmapping: notImplemented,
  removemapping: notImplemented,
  syncfs: notImplemented,
} satisfies Operations<Engine>;

/** Those that leave everything as it is: names, attributes, marks, what lies where. (`open` and `ioctl` see to it themselves.) */
const LOOKING: readonly OpName[] = [
  'lookup',
  'forget',
  'batchForget',
  'getattr',
  'statx',
  'readlink',
  'open',
  'read',
  'lseek',
  'flush',
  'release',
  'opendir',
  'readdir',
  'readdirplus',
  'releasedir',
  'statfs',
  'getxattr',
  'listxattr',
  'ioctl',
];

/** As `all`; before anything changes, what is at hand for the next request is given up. */
export const operations: Operations<Engine> = { ...all, ...disturbing() };

function disturbing(): Partial<Operations<Engine>> {
  const wrapped: [string, Operation<Engine, never>][] = [];
  for (const [name, operation] of Object.entries(all) as [OpName, Operation<Engine, never>][]) {
    if (LOOKING.includes(name)) continue;
    wrapped.push([
      name,
      (engine, req, arg) => {
        beforeChange(engine);
        return operation(engine, req, arg);
      },
    ]);
  }
  return Object.fromEntries(wrapped);
}
