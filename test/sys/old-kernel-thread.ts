// A thread on which system calls added since Linux 5.1 (numbers from 424) answer ENOSYS, as they would on an older kernel, statx's
// own number apart: what falls back must do the same by other means.

import assert from 'node:assert/strict';
import { asBytes } from '../../src/bytes.ts';
import { EBADF, ENODATA, ENOENT, ENOSYS, EOPNOTSUPP, EPERM, ERANGE } from '../../src/errno.ts';
import { AT_FDCWD } from '../../src/sys/at.ts';
import { chmodAt } from '../../src/sys/attr.ts';
import { addressOf } from '../../src/sys/koffi.ts';
import { symlinkat } from '../../src/sys/link.ts';
import { openTree } from '../../src/sys/mount.ts';
import { O_DIRECTORY, O_PATH, O_RDONLY, close, openat, openat2 } from '../../src/sys/open.ts';
import { PR_SET_NO_NEW_PRIVS, prctl } from '../../src/sys/process.ts';
import { newStat, statxAt } from '../../src/sys/stat.ts';
import { getxattr, listxattr, readxattr, setxattr } from '../../src/sys/xattr.ts';
import { churn } from './churn.ts';
import { fails, got, makeFile, ok } from './place.ts';
import { serve } from './thread.ts';

const PR_SET_SECCOMP = 22;
const SECCOMP_MODE_FILTER = 2;
const FIRST_NEW_CALL = 424;

// A classic BPF program: load the call's number; below FIRST_NEW_CALL, or clone3 (435, which Node's own threads use), allow; else ENOSYS.
function forgetNewCalls(): void {
  const program = Buffer.alloc(5 * 8);
  const put = (at: number, code: number, yes: number, no: number, k: number) => {
    program.writeUInt16LE(code, at * 8);
    program.writeUInt8(yes, at * 8 + 2);
    program.writeUInt8(no, at * 8 + 3);
    program.writeUInt32LE(k, at * 8 + 4);
  };
  put(0, 0x20, 0, 0, 0);
  put(1, 0x35, 0, 1, FIRST_NEW_CALL);
  put(2, 0x15, 0, 1, 435);
  put(3, 0x06, 0, 0, 0x7fff0000);
  put(4, 0x06, 0, 0, 0x00050000 | Math.abs(ENOSYS));
  const header = Buffer.alloc(16);
  header.writeUInt16LE(5, 0);
  header.writeBigUInt64LE(BigInt(addressOf(program)), 8);
  ok(prctl(PR_SET_NO_NEW_PRIVS, 1));
  ok(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, addressOf(header)));
}

serve({
  fallbacks: (dir) => {
    forgetNewCalls();
    const fd = ok(openat(AT_FDCWD, asBytes(dir), O_DIRECTORY));
    fails(openat2(fd, asBytes('.'), O_RDONLY, 0, 0), ENOSYS);
    fails(openTree(fd, asBytes(''), 0), ENOSYS);

    const st = newStat();
    makeFile(fd, asBytes('f'));
    ok(symlinkat(asBytes('f'), fd, asBytes('l')));
    ok(chmodAt(fd, asBytes('f'), 0o4711));
    ok(statxAt(fd, asBytes('f'), st));
    assert.equal(st.mode, 0o104711);
    fails(chmodAt(fd, asBytes('l'), 0o700), EOPNOTSUPP);
    fails(chmodAt(fd, asBytes('none'), 0o700), ENOENT);
    fails(chmodAt(9999, asBytes('f'), 0o700), EBADF);
    fails(chmodAt(9999, asBytes(''), 0o700), EBADF);
    const path = ok(openat(fd, asBytes('f'), O_PATH));
    const link = ok(openat(fd, asBytes('l'), O_PATH));
    ok(chmodAt(path, asBytes(''), 0o640));
    fails(chmodAt(link, asBytes(''), 0o640), EOPNOTSUPP);
    ok(statxAt(fd, asBytes('f'), st));
    assert.equal(st.mode, 0o100640);

    const attribute = asBytes('user.x');
    if (setxattr(fd, asBytes('f'), attribute, Buffer.from('value')) === 0) {
      assert.equal(got(readxattr(fd, asBytes('f'), attribute)).toString(), 'value');
      fails(getxattr(fd, asBytes('f'), attribute, Buffer.alloc(4)), ERANGE);
      assert.ok(got(listxattr(fd, asBytes('f'))).includes(attribute));
      assert.ok(!got(listxattr(fd, asBytes('l'))).includes(attribute));
      assert.ok([ENODATA, EPERM].includes(getxattr(fd, asBytes('l'), attribute, Buffer.alloc(4)) as never));
    }
    churn(dir, 1, 20);
    for (const one of [path, link, fd]) ok(close(one));
  },
});
