// Objects of every kind and with every attribute that a copy can get wrong, made with the system's own tools.

import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  closeSync,
  ftruncateSync,
  lchownSync,
  mkdirSync,
  openSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { asBytes } from '../../src/bytes.ts';
import { AT_FDCWD } from '../../src/sys/at.ts';
import { mknodat } from '../../src/sys/link.ts';
import { ok } from '../sys/place.ts';
import { tool } from './images.ts';

const S_IFSOCK = 0o140000;

/** A file of `size` bytes with `block`-sized data at each of `offsets`, holes between. */
export function makeSparse(path: string, size: number, offsets: readonly number[], block = 65536): void {
  const fd = openSync(path, 'w');
  // Its size first: xfs allocates ahead of writes that extend a file.
  ftruncateSync(fd, size);
  for (const offset of offsets) writeSync(fd, randomBytes(block), 0, block, offset);
  closeSync(fd);
}

/** Gives a file the attribute `user.text`; false on a filesystem that has no such attributes (tmpfs before Linux 6.6). */
function holdsUserXattrs(path: string): boolean {
  return spawnSync('setfattr', ['-n', 'user.text', '-v', 'value', path]).status === 0;
}

function files(dir: string): void {
  const file = (
    name: string,
    mode: number,
    uid: number,
    gid: number,
    content: Uint8Array = randomBytes(5000),
  ): void => {
    writeFileSync(`${dir}/${name}`, content);
    chownSync(`${dir}/${name}`, uid, gid);
    chmodSync(`${dir}/${name}`, mode);
  };
  file('plain', 0o644, 1000, 1001, randomBytes(100_001));
  file('suid', 0o6755, 1234, 4321);
  file('suid-nobody', 0o4711, 65534, 65534);
  file('sticky', 0o1640, 0, 0);
  file('unreadable', 0, 7, 7);
  file('bigids', 0o600, 100_000, 4_000_000_000);
  file('empty', 0o600, 0, 0, Buffer.alloc(0));
  file('capable', 0o755, 3, 4);
  tool('setcap', ['cap_net_raw,cap_sys_admin+ep', `${dir}/capable`]);
  file('acl', 0o640, 5, 6);
  tool('setfacl', ['-m', 'u:1000:rw,g:2000:rwx,m::rw', `${dir}/acl`]);
  file('old', 0o644, 0, 0);
  file('future', 0o644, 0, 0);
  file('xattrs', 0o644, 0, 0);
  if (holdsUserXattrs(`${dir}/xattrs`)) {
    tool('setfattr', ['-n', 'user.empty', '-v', '', `${dir}/xattrs`]);
    tool('setfattr', ['-n', 'user.nul', '-v', '0x00ff00', `${dir}/xattrs`]);
    tool('setfattr', ['-n', 'user.big', '-v', 'x'.repeat(2000), `${dir}/xattrs`]);
  }
  tool('setfattr', ['-n', 'trusted.t', '-v', 'value', `${dir}/xattrs`]);
  tool('setfattr', ['-n', 'security.rootsync', '-v', 'value', `${dir}/xattrs`]);
  makeSparse(`${dir}/sparse`, 40 << 20, [0, 1 << 20, (1 << 20) + 65536, 20 << 20]);
  makeSparse(`${dir}/sparse-start`, (8 << 20) + 17, [(8 << 20) - 65536 + 17]);
  makeSparse(`${dir}/hole`, 1 << 20, []);
  for (const name of ['\xff\xfe', 'line\nfeed', '-rf', ' ', 'n'.repeat(255), '\xe9'.repeat(255)]) {
    writeFileSync(Buffer.concat([Buffer.from(`${dir}/`), Buffer.from(name, 'latin1')]), name);
  }
}

function others(dir: string): void {
  symlinkSync('../somewhere/else', `${dir}/symlink`);
  lchownSync(`${dir}/symlink`, 1000, 1001);
  tool('setfattr', ['-h', '-n', 'trusted.t', '-v', 'of the link', `${dir}/symlink`]);
  symlinkSync(Buffer.from('\xff\n//dangling/', 'latin1'), `${dir}/symlink-bytes`);
  symlinkSync('t'.repeat(1000), `${dir}/symlink-long`);
  tool('mkfifo', ['-m', '640', `${dir}/fifo`]);
  chownSync(`${dir}/fifo`, 10, 20);
  ok(mknodat(AT_FDCWD, asBytes(`${dir}/socket`), S_IFSOCK | 0o755));
  tool('mknod', ['-m', '666', `${dir}/null`, 'c', '1', '3']);
  tool('mknod', ['-m', '660', `${dir}/disk`, 'b', '259', '70000']);
  chownSync(`${dir}/disk`, 0, 6);
  mkdirSync(`${dir}/directory`);
  chownSync(`${dir}/directory`, 42, 43);
  chmodSync(`${dir}/directory`, 0o3775);
  tool('setfacl', ['-d', '-m', 'u:1000:rwx,g::r-x', `${dir}/directory`]);
  holdsUserXattrs(`${dir}/directory`);
}

/** Fills an empty directory. */
export function makeSpecimens(dir: string): void {
  files(dir);
  others(dir);
  const touch = (name: string, atime: string, mtime: string): void => {
    tool('touch', ['-h', '-a', '-d', atime, `${dir}/${name}`]);
    tool('touch', ['-h', '-m', '-d', mtime, `${dir}/${name}`]);
  };
  for (const name of ['plain', 'symlink', 'fifo', 'null', 'directory', 'capable', 'acl']) {
    touch(name, '@1234567890.123456789', '@987654321.999999999');
  }
  touch('old', '@-1.000000001', '@-2000000000.987654321');
  touch('future', '@4200000000.000000001', '@8000000000.5');
}
