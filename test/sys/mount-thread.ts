// What mount.test.ts and fuse-dev.test.ts do in a mount namespace of their own. Answers 'skip' without the right to one.

import assert from 'node:assert/strict';
import { asBytes } from '../../src/bytes.ts';
import { EACCES, EBADF, EBUSY, EINVAL, ENODEV, ENOENT, EPERM, EROFS } from '../../src/errno.ts';
import { AT_FDCWD, AT_RECURSIVE } from '../../src/sys/at.ts';
import { backingClose, backingOpen, cloneDevice, openFuse } from '../../src/sys/fuse-dev.ts';
import { read, write } from '../../src/sys/io.ts';
import { mkdirat } from '../../src/sys/link.ts';
import {
  MNT_DETACH,
  MNT_FORCE,
  MOUNT_ATTR_NODEV,
  MOUNT_ATTR_NOEXEC,
  MOUNT_ATTR_NOSUID,
  MOUNT_ATTR_RDONLY,
  MS_BIND,
  MS_MOVE,
  MS_NOATIME,
  MS_NODEV,
  MS_NOEXEC,
  MS_NOSUID,
  MS_PRIVATE,
  MS_RDONLY,
  MS_REC,
  MS_REMOUNT,
  MS_SHARED,
  MS_SLAVE,
  OPEN_TREE_CLONE,
  UMOUNT_NOFOLLOW,
  fstatfs,
  mount,
  mountSetattr,
  moveMount,
  openTree,
  statfs,
  umount2,
} from '../../src/sys/mount.ts';
import { O_CREAT, O_DIRECTORY, O_NONBLOCK, O_PATH, O_RDONLY, O_RDWR, close, openat } from '../../src/sys/open.ts';
import { CLONE_NEWNS, unshare } from '../../src/sys/process.ts';
import { newStat, statxAt } from '../../src/sys/stat.ts';
import { fails, got, makeFile, ok } from './place.ts';
import { serve } from './thread.ts';

const none = asBytes('none');
const root = asBytes('/');
const noWord = asBytes('');
const tmpfs = asBytes('tmpfs');

function inNamespace(steps: (dir: string, fd: number) => void) {
  return (dir: string) => {
    if (unshare(CLONE_NEWNS) === EPERM) return 'skip';
    ok(mount(none, root, noWord, MS_REC | MS_PRIVATE, noWord));
    // Opened after the change: a descriptor of before stays in the namespace of before.
    const fd = ok(openat(AT_FDCWD, asBytes(dir), O_DIRECTORY));
    steps(dir, fd);
    ok(close(fd));
    return 'done';
  };
}

function filesystems(dir: string, fd: number): void {
  const st = newStat();
  for (const name of ['m', 'new\nline', '\xff\xfe', 'n'.repeat(255)].map(asBytes)) {
    const at = asBytes(`${dir}/${name}`);
    ok(mkdirat(fd, name, 0o755));
    const before = ok(openat(fd, name, O_PATH));
    ok(mount(none, at, tmpfs, MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME, asBytes('size=1m,mode=711,nr_inodes=50')));
    ok(statxAt(fd, name, st));
    assert.deepEqual([st.mountRoot, st.mode], [true, 0o40711]);
    const s = got(statfs(at));
    assert.deepEqual([s.type, s.blocks * s.frsize, s.files, s.namelen], [0x01021994, 1 << 20, 50, 255]);
    assert.equal(s.flags & 0b1110, 0b1110);
    assert.ok(s.bfree <= s.blocks && s.bavail <= s.bfree && s.ffree < s.files && s.bsize >= 512);
    const inside = ok(openat(fd, name, O_PATH));
    assert.deepEqual(fstatfs(inside), s);
    assert.notDeepEqual(fstatfs(before), s);
    fails(umount2(at, 0), EBUSY);
    ok(umount2(at, MNT_DETACH | UMOUNT_NOFOLLOW));
    fails(umount2(at, UMOUNT_NOFOLLOW), EINVAL);
    ok(close(inside));
    ok(close(before));
  }
  fails(statfs(asBytes(`${dir}/none`)), ENOENT);
  fails(fstatfs(9999), EBADF);
  fails(mount(none, asBytes(`${dir}/m`), asBytes('no-such-type'), 0, noWord), ENODEV);
  fails(mount(none, asBytes(`${dir}/none`), tmpfs, 0, noWord), ENOENT);
  fails(mount(none, asBytes(`${dir}/m`), tmpfs, 0, asBytes('size=nonsense')), EINVAL);
}

function bindings(dir: string, fd: number): void {
  const m = asBytes(`${dir}/m`);
  const n = asBytes(`${dir}/n`);
  const source = asBytes(`${dir}/source`);
  for (const name of ['m', 'n', 'source']) ok(mkdirat(fd, asBytes(name), 0o755));
  makeFile(fd, asBytes('source/file'));
  ok(mount(source, m, noWord, MS_BIND, noWord));
  ok(mount(none, m, noWord, MS_BIND | MS_REMOUNT | MS_RDONLY, noWord));
  fails(openat(fd, asBytes('m/new'), O_CREAT | O_RDWR, 0o600), EROFS);
  ok(mount(m, n, noWord, MS_MOVE, noWord));
  ok(close(ok(openat(fd, asBytes('n/file'), O_RDONLY))));
  fails(openat(fd, asBytes('m/file'), O_RDONLY), ENOENT);
  ok(mount(none, n, noWord, MS_SHARED, noWord));
  ok(mount(none, n, noWord, MS_SLAVE, noWord));
  ok(umount2(n, MNT_FORCE));
}

function clones(dir: string, fd: number): void {
  const st = newStat();
  const m = asBytes(`${dir}/m`);
  for (const name of ['m', 'n', 'o']) ok(mkdirat(fd, asBytes(name), 0o755));
  makeFile(fd, asBytes('m/below'));
  ok(mount(none, m, tmpfs, 0, noWord));
  makeFile(fd, asBytes('m/above'));
  const flat = ok(openTree(fd, noWord, OPEN_TREE_CLONE));
  const deep = ok(openTree(AT_FDCWD, asBytes(dir), OPEN_TREE_CLONE | AT_RECURSIVE));
  ok(statxAt(flat, asBytes('m/below'), st));
  fails(statxAt(flat, asBytes('m/above'), st), ENOENT);
  ok(statxAt(deep, asBytes('m/above'), st));
  fails(statxAt(deep, asBytes('m/below'), st), ENOENT);

  ok(mountSetattr(flat, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC));
  fails(openat(flat, asBytes('new'), O_CREAT | O_RDWR, 0o600), EROFS);
  makeFile(fd, asBytes('new'));
  ok(mountSetattr(deep, MOUNT_ATTR_RDONLY, true));
  fails(openat(deep, asBytes('m/new'), O_CREAT | O_RDWR, 0o600), EROFS);

  ok(moveMount(flat, fd, asBytes('n')));
  ok(statxAt(fd, asBytes('n/m/below'), st));
  ok(umount2(asBytes(`${dir}/n`), MNT_DETACH));
  const o = ok(openat(fd, asBytes('o'), O_PATH));
  ok(moveMount(deep, o, noWord));
  ok(statxAt(fd, asBytes('o/m/above'), st));
  ok(umount2(asBytes(`${dir}/o`), MNT_DETACH));
  ok(umount2(m, MNT_DETACH));
  fails(openTree(fd, asBytes('none'), 0), ENOENT);
  fails(moveMount(o, fd, asBytes('n')), EINVAL);
  fails(mountSetattr(o, MOUNT_ATTR_RDONLY), EINVAL);
  for (const one of [flat, deep, o]) ok(close(one));
}

const FUSE_INIT_EXT = 1 << 30;
const PASSTHROUGH_HIGH = 1 << 5;

// The least of an answer to INIT (opcode 26): header of 16 bytes, fuse_init_out of 64.
function answerInit(fuse: number): boolean {
  const request = Buffer.alloc(8192 + 4096);
  ok(read(fuse, request, 0, request.length));
  assert.equal(request.readUInt32LE(4), 26);
  const offered = (request.readUInt32LE(40 + 16) & PASSTHROUGH_HIGH) !== 0;
  const reply = Buffer.alloc(80);
  reply.writeUInt32LE(80, 0);
  request.copy(reply, 8, 8, 16);
  reply.writeUInt32LE(7, 16);
  reply.writeUInt32LE(Math.min(request.readUInt32LE(44), 41), 20);
  reply.writeUInt32LE(FUSE_INIT_EXT, 28);
  reply.writeUInt32LE(4096, 36);
  reply.writeUInt32LE(1, 40);
  reply.writeUInt32LE(PASSTHROUGH_HIGH, 48);
  reply.writeUInt32LE(1, 52);
  assert.equal(write(fuse, reply, 0, 80), 80);
  return offered;
}

function device(dir: string, fd: number): void {
  const at = asBytes(`${dir}/f`);
  ok(mkdirat(fd, asBytes('f'), 0o755));
  makeFile(fd, asBytes('backing'));
  const fuse = ok(openFuse(O_NONBLOCK));
  fails(backingOpen(fuse, fd), EPERM);
  ok(
    mount(
      asBytes('test'),
      at,
      asBytes('fuse.test'),
      MS_NOSUID | MS_NODEV,
      asBytes(`fd=${fuse},rootmode=40000,user_id=0,group_id=0`),
    ),
  );
  const passthrough = answerInit(fuse);
  const backing = ok(openat(fd, asBytes('backing'), O_RDWR));
  if (passthrough) {
    const id = backingOpen(fuse, backing);
    assert.ok(id > 0);
    const second = ok(backingOpen(fuse, backing));
    assert.notEqual(second, id);
    assert.equal(backingClose(fuse, id), 0);
    fails(backingClose(fuse, id), ENOENT);
    assert.equal(backingClose(fuse, second), 0);
    fails(backingOpen(fuse, 9999), EBADF);
    const pipeLike = ok(openat(AT_FDCWD, asBytes('/dev/null'), O_RDWR));
    assert.ok(backingOpen(fuse, pipeLike) < 0);
    ok(close(pipeLike));
  } else assert.ok(backingOpen(fuse, backing) < 0);
  const clone = ok(cloneDevice(fuse, O_NONBLOCK));
  fails(read(clone, Buffer.alloc(16384), 0, 16384), -11);
  fails(cloneDevice(backing), -25);
  ok(umount2(at, MNT_DETACH));
  for (const one of [clone, backing, fuse]) ok(close(one));
}

serve({
  filesystems: inNamespace(filesystems),
  bindings: inNamespace(bindings),
  clones: inNamespace(clones),
  device: inNamespace((dir, fd) => {
    const probe = openFuse();
    if (probe === ENOENT || probe === EACCES || probe === ENODEV || probe === EPERM) return;
    ok(close(probe));
    device(dir, fd);
  }),
});
