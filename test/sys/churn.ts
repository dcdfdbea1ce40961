// Calls of many kinds in a tight loop, each answer checked: for several threads at once.

import assert from 'node:assert/strict';
import { asBytes } from '../../src/bytes.ts';
import { EEXIST, EINVAL, EISDIR, ELOOP, ENOENT, ENOTDIR, ENOTEMPTY } from '../../src/errno.ts';
import { AT_FDCWD } from '../../src/sys/at.ts';
import { DirCursor, seekDir } from '../../src/sys/dir.ts';
import { pread, pwrite } from '../../src/sys/io.ts';
import { mkdirat, readlinkat, renameat2, rmdirat, symlinkat, unlinkat } from '../../src/sys/link.ts';
import { O_CREAT, O_DIRECTORY, O_RDONLY, O_RDWR, close, openat } from '../../src/sys/open.ts';
import { newStat, statxAt } from '../../src/sys/stat.ts';
import { readxattr, setxattr } from '../../src/sys/xattr.ts';
import { fails, got, makeFile, ok } from './place.ts';

/** Works in a new directory `<dir>/<id>` for so many rounds. */
export function churn(dir: string, id: number, rounds: number): void {
  const top = ok(openat(AT_FDCWD, asBytes(dir), O_DIRECTORY));
  const mine = asBytes(`thread-${id}`);
  ok(mkdirat(top, mine, 0o755));
  const fd = ok(openat(top, mine, O_DIRECTORY));
  const st = newStat();
  const cursor = new DirCursor(4096);
  const bytes = Buffer.alloc(300);
  const failing = [
    () => fails(statxAt(fd, asBytes('none'), st), ENOENT),
    () => fails(statxAt(fd, asBytes('k/x'), st), ENOTDIR),
    () => fails(openat(fd, asBytes('l'), O_RDONLY), ELOOP),
    () => fails(mkdirat(fd, asBytes('d'), 0o755), EEXIST),
    () => fails(unlinkat(fd, asBytes('d')), EISDIR),
    () => fails(readlinkat(fd, asBytes('d')), EINVAL),
    () => fails(rmdirat(top, mine), ENOTEMPTY),
  ];
  const fail = failing[id % failing.length]!;
  ok(mkdirat(fd, asBytes('d'), 0o755));
  makeFile(fd, asBytes('k'));
  for (let i = 0; i < rounds; i++) {
    const content = `${id}:${i}:`.repeat(1 + (i % 20));
    const length = bytes.write(content, 'latin1');
    const file = ok(openat(fd, asBytes('f'), O_CREAT | O_RDWR, 0o600));
    ok(symlinkat(asBytes(content), fd, asBytes('l')));
    fail();
    assert.equal(pwrite(file, bytes, 0, length, 0), length);
    bytes.fill(0);
    assert.equal(pread(file, bytes, 0, 300, 0), length);
    assert.equal(bytes.toString('latin1', 0, length), content);
    assert.equal(readlinkat(fd, asBytes('l')), content);
    fail();
    ok(statxAt(fd, asBytes('f'), st));
    assert.equal(st.size, length);
    if (setxattr(fd, asBytes('f'), asBytes('user.id'), Buffer.from(content)) === 0) {
      assert.equal(got(readxattr(fd, asBytes('f'), asBytes('user.id'))).toString('latin1'), content);
    }
    ok(seekDir(fd, 0, 0));
    ok(cursor.fill(fd));
    const names: string[] = [];
    while (cursor.next()) names.push(cursor.name);
    assert.deepEqual(names.sort(), ['d', 'f', 'k', 'l']);
    ok(renameat2(fd, asBytes('f'), fd, asBytes('g')));
    fail();
    ok(close(file));
    ok(unlinkat(fd, asBytes('g')));
    ok(close(ok(openat(fd, asBytes('f'), O_CREAT | O_RDWR, 0o600))));
    fail();
    ok(unlinkat(fd, asBytes('l')));
  }
  ok(close(fd));
  ok(close(top));
}
