// All operations, by the protocol's names. The compiler checks that none is missing.

import type { Operations } from '../fuse/operation.ts';
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
import { setattr } from './setattr.ts';
import { removexattr, setxattr } from './setxattr.ts';
import { statfs } from './statfs.ts';
import { flush, fsync, fsyncdir } from './sync.ts';
import { unlink } from './unlink.ts';
import { notImplemented } from './unsupported.ts';
import { write } from './write.ts';
import { getxattr, listxattr } from './xattr.ts';

export const operations = {
  lookup,
  forget,
  batchForget,
  getattr,
  statx,
  setattr,
  readlink,
  symlink,
  mknod,
  mkdir,
  unlink,
  rmdir,
  rename,
  rename2: rename,
  link,
  open,
  create,
  tmpfile,
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
  setxattr,
  getxattr,
  listxattr,
  removexattr,
  ioctl,
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
