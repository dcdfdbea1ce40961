import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { asBytes } from '../../src/bytes.ts';
import type { ByteString } from '../../src/bytes.ts';
import { EBADF, EEXIST, ENODATA, ENOENT, ENOSPC, EOPNOTSUPP, EPERM, ERANGE } from '../../src/errno.ts';
import { mkdirat, mknodat } from '../../src/sys/link.ts';
import { O_PATH, O_RDWR, close, openat } from '../../src/sys/open.ts';
import {
  XATTR_CREATE,
  XATTR_REPLACE,
  fgetxattr,
  freadxattr,
  flistxattr,
  flistxattrInto,
  fremovexattr,
  fsetxattr,
  getxattr,
  listxattr,
  listxattrInto,
  readxattr,
  removexattr,
  setxattr,
} from '../../src/sys/xattr.ts';
import { asRoot, fails, got, makeFile, oddNames, ok, place } from './place.ts';

const empty = asBytes('');
const user = asBytes('user.test');
const trusted = asBytes('trusted.test');
const value = Buffer.from([0, 255, 10, 0, 128]);

describe('sys/xattr', () => {
  const here = place();
  const mine = (list: ByteString[]) => list.filter((name) => name !== 'security.selinux').sort();

  beforeEach(function () {
    makeFile(here.fd, asBytes('file'));
    if (setxattr(here.fd, asBytes('file'), user, value) === EOPNOTSUPP) this.skip();
    ok(removexattr(here.fd, asBytes('file'), user));
  });

  it('carries any bytes, on objects of any name', () => {
    ok(mkdirat(here.fd, asBytes('d'), 0o755));
    for (const name of [...oddNames, 'd', 'd/nested'].map(asBytes)) {
      if (name !== 'd') makeFile(here.fd, name);
      const attribute = asBytes(`user.\xff\n${name.slice(0, 200).replaceAll('/', '_')}`);
      ok(setxattr(here.fd, name, attribute, value));
      assert.deepEqual(got(readxattr(here.fd, name, attribute)), value);
      assert.deepEqual(mine(got(listxattr(here.fd, name))), [attribute]);
      ok(setxattr(here.fd, name, user, Buffer.alloc(0)));
      assert.equal(getxattr(here.fd, name, user, Buffer.alloc(10)), 0);
      assert.deepEqual(mine(got(listxattr(here.fd, name))), [attribute, user].sort());
      ok(removexattr(here.fd, name, attribute));
      ok(removexattr(here.fd, name, user));
      assert.deepEqual(mine(got(listxattr(here.fd, name))), []);
    }
  });

  it("means a symlink's own attributes, not its target's", function () {
    symlinkSync('file', `${here.dir}/link`);
    symlinkSync('nowhere', `${here.dir}/dangling`);
    fails(setxattr(here.fd, asBytes('link'), user, value), EPERM);
    if (!asRoot) this.skip();
    for (const name of ['link', 'dangling'].map(asBytes)) {
      ok(setxattr(here.fd, name, trusted, value));
      assert.deepEqual(got(readxattr(here.fd, name, trusted)), value);
      const fd = ok(openat(here.fd, name, O_PATH));
      assert.deepEqual(got(readxattr(fd, empty, trusted)), value);
      assert.deepEqual(mine(got(listxattr(fd, empty))), [trusted]);
      ok(setxattr(fd, empty, trusted, Buffer.from('2')));
      assert.deepEqual(got(readxattr(here.fd, name, trusted)), Buffer.from('2'));
      ok(removexattr(fd, empty, trusted));
      fails(readxattr(here.fd, name, trusted), ENODATA);
      ok(close(fd));
    }
    fails(readxattr(here.fd, asBytes('file'), trusted), ENODATA);
  });

  it('reaches special nodes without opening them', function () {
    if (!asRoot) this.skip();
    ok(mknodat(here.fd, asBytes('fifo'), 0o10600));
    ok(mknodat(here.fd, asBytes('sock'), 0o140600));
    ok(mknodat(here.fd, asBytes('null'), 0o20600, 1, 3));
    for (const name of ['fifo', 'sock', 'null'].map(asBytes)) {
      ok(setxattr(here.fd, name, trusted, value));
      assert.deepEqual(mine(got(listxattr(here.fd, name))), [trusted]);
      const fd = ok(openat(here.fd, name, O_PATH));
      assert.deepEqual(got(readxattr(fd, empty, trusted)), value);
      ok(close(fd));
    }
  });

  it('works on a file whatever it is opened for', () => {
    const fd = ok(openat(here.fd, asBytes('file'), O_RDWR));
    ok(fsetxattr(fd, user, value));
    const bytes = Buffer.alloc(16);
    assert.equal(fgetxattr(fd, user, bytes), 5);
    assert.deepEqual(bytes.subarray(0, 5), value);
    assert.deepEqual(mine(got(flistxattr(fd))), [user]);
    assert.equal(flistxattrInto(fd, Buffer.alloc(0)), listxattrInto(here.fd, asBytes('file'), Buffer.alloc(0)));
    const path = ok(openat(here.fd, asBytes('file'), O_PATH));
    assert.deepEqual(got(readxattr(path, empty, user)), value);
    fails(fgetxattr(path, user, bytes), EBADF);
    ok(fremovexattr(fd, user));
    fails(fgetxattr(fd, user, bytes), ENODATA);
    ok(close(path));
    ok(close(fd));
  });

  it('asks for lengths with an empty buffer, and says ERANGE for a short one', () => {
    const file = asBytes('file');
    ok(setxattr(here.fd, file, user, value));
    assert.equal(getxattr(here.fd, file, user, Buffer.alloc(0)), 5);
    fails(getxattr(here.fd, file, user, Buffer.alloc(4)), ERANGE);
    assert.equal(getxattr(here.fd, file, user, Buffer.alloc(5)), 5);
    const length = ok(listxattrInto(here.fd, file, Buffer.alloc(0)));
    assert.ok(length >= 'user.test'.length + 1);
    fails(listxattrInto(here.fd, file, Buffer.alloc(3)), ERANGE);
  });

  it('reads values and lists that are longer than the usual', function () {
    const file = asBytes('file');
    const fd = ok(openat(here.fd, file, O_RDWR));
    const long = Buffer.alloc(3000, 'v');
    const done = setxattr(here.fd, file, user, long);
    if (done !== ENOSPC) {
      ok(done);
      assert.deepEqual(got(readxattr(here.fd, file, user)), long);
      assert.deepEqual(got(freadxattr(fd, user)), long);
      ok(removexattr(here.fd, file, user));
    }
    const many = Array.from({ length: 12 }, (_, i) => asBytes(`user.${String(i).padStart(2, '0')}${'n'.repeat(200)}`));
    for (const name of many) ok(setxattr(here.fd, file, name, Buffer.alloc(0)));
    assert.deepEqual(mine(got(listxattr(here.fd, file))), many);
    assert.deepEqual(mine(got(flistxattr(fd))), many);
    assert.deepEqual(got(freadxattr(fd, many[3]!)), Buffer.alloc(0));
    ok(close(fd));
  });

  it('gives each value a Buffer of its own', () => {
    const file = asBytes('file');
    ok(setxattr(here.fd, file, user, Buffer.from('first')));
    const first = got(readxattr(here.fd, file, user));
    ok(setxattr(here.fd, file, user, Buffer.from('other')));
    assert.equal(got(readxattr(here.fd, file, user)).toString(), 'other');
    assert.equal(first.toString(), 'first');
  });

  it('honours create and replace, and returns the errnos that the kernel gives', () => {
    const file = asBytes('file');
    fails(setxattr(here.fd, file, user, value, XATTR_REPLACE), ENODATA);
    ok(setxattr(here.fd, file, user, value, XATTR_CREATE));
    fails(setxattr(here.fd, file, user, value, XATTR_CREATE), EEXIST);
    ok(setxattr(here.fd, file, user, value, XATTR_REPLACE));
    fails(getxattr(here.fd, file, asBytes('user.none'), value), ENODATA);
    fails(removexattr(here.fd, file, asBytes('user.none')), ENODATA);
    fails(getxattr(here.fd, asBytes('none'), user, value), ENOENT);
    fails(getxattr(here.fd, file, asBytes('no-such-kind.x'), value), EOPNOTSUPP);
    fails(getxattr(here.fd, file, asBytes(`user.${'n'.repeat(251)}`), value), ERANGE);
    fails(listxattr(here.fd, asBytes('none')), ENOENT);
  });
});
