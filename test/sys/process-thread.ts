// What process.test.ts does in a thread, to that thread alone. Answers 'skip' without the right to.

import assert from 'node:assert/strict';
import { asBytes } from '../../src/bytes.ts';
import { EINVAL, ENOENT, ENOTDIR, EPERM } from '../../src/errno.ts';
import { AT_FDCWD, childPath, fdPath } from '../../src/sys/at.ts';
import { chmodAt, truncateFd, utimensAt } from '../../src/sys/attr.ts';
import { linkat, readlinkat } from '../../src/sys/link.ts';
import { mount } from '../../src/sys/mount.ts';
import { O_DIRECTORY, O_PATH, O_RDWR, O_TMPFILE, close, openFollow, openat, reopen } from '../../src/sys/open.ts';
import {
  CAP_SYS_ADMIN,
  CLONE_FS,
  CLONE_NEWPID,
  CLONE_NEWUSER,
  CLONE_NEWUTS,
  PR_CAP_AMBIENT,
  PR_CAP_AMBIENT_CLEAR_ALL,
  PR_SET_IO_FLUSHER,
  PR_SET_NO_NEW_PRIVS,
  PR_SET_PDEATHSIG,
  capget,
  capset,
  chdir,
  chroot,
  enterProc,
  fchdir,
  gettid,
  prctl,
  umask,
  unshare,
} from '../../src/sys/process.ts';
import { newStat, statxAt, statxFollow } from '../../src/sys/stat.ts';
import { getxattr, setxattr } from '../../src/sys/xattr.ts';
import { currentUmask, fails, got, makeFile, ok } from './place.ts';
import { serve } from './thread.ts';

const PR_GET_NO_NEW_PRIVS = 39;
const PR_GET_IO_FLUSHER = 58;
const CAP_DAC_READ_SEARCH = 2n;
const empty = asBytes('');
const st = newStat();

serve({
  // After this no path of the thread begins at `/`, which is an empty directory by then.
  proc: (dir) => {
    const fd = ok(openat(AT_FDCWD, asBytes(dir), O_DIRECTORY));
    const proc = ok(openat(AT_FDCWD, asBytes('/proc'), O_PATH | O_DIRECTORY));
    makeFile(fd, asBytes('f'), 'content');
    ok(enterProc(proc));
    if (process.getuid?.() === 0) {
      fails(chroot(asBytes(`${dir}/f`)), ENOTDIR);
      ok(chroot(asBytes(dir)));
      ok(statxAt(AT_FDCWD, asBytes('/f'), st));
    }
    assert.equal(fdPath(7), 'self/fd/7');
    assert.equal(childPath(7, asBytes('a/b')), 'self/fd/7/a/b');
    assert.equal(childPath(7, empty), 'self/fd/7');
    const path = ok(openat(fd, asBytes('f'), O_PATH));
    ok(chmodAt(path, empty, 0o751));
    ok(utimensAt(path, empty, 1, 2, 3, 4));
    ok(truncateFd(path, 3));
    ok(close(ok(reopen(path, O_RDWR))));
    ok(statxAt(fd, asBytes('f'), st));
    assert.deepEqual([st.mode, st.size, st.atimeNsec], [0o100751, 3, 2]);
    if (setxattr(fd, asBytes('f'), asBytes('user.x'), Buffer.from('v')) === 0) {
      assert.equal(getxattr(path, empty, asBytes('user.x'), Buffer.alloc(4)), 1);
    }
    for (const one of [path, proc, fd]) ok(close(one));
  },
  directories: (dir) => {
    ok(unshare(CLONE_FS));
    fails(chdir(asBytes(`${dir}/none`)), ENOENT);
    ok(chdir(asBytes(dir)));
    const own = asBytes(`/proc/self/task/${gettid()}/cwd`);
    assert.equal(readlinkat(AT_FDCWD, own), dir);
    const fd = ok(openFollow(AT_FDCWD, asBytes('/usr'), O_DIRECTORY));
    ok(fchdir(fd));
    assert.equal(readlinkat(AT_FDCWD, own), '/usr');
    ok(statxFollow(AT_FDCWD, asBytes('bin'), st));
    const before = currentUmask();
    assert.equal(umask(0o077), before);
    assert.equal(currentUmask(), 0o077);
    assert.equal(umask(0o077), 0o077);
    ok(close(fd));
  },
  namespaces: () => {
    fails(unshare(CLONE_NEWUSER), EINVAL);
    fails(unshare(1), EINVAL);
    if (unshare(CLONE_NEWUTS) === EPERM) return 'skip';
    ok(unshare(CLONE_NEWPID));
    return 'done';
  },
  capabilities: (dir) => {
    const all = got(capget());
    const bit = 1n << BigInt(CAP_SYS_ADMIN);
    if ((all.effective & bit) === 0n) return 'skip';
    assert.equal(all.effective & ~all.permitted, 0n);
    const top = ok(openat(AT_FDCWD, asBytes(dir), O_DIRECTORY));
    const unnamed = ok(openat(top, asBytes('.'), O_TMPFILE | O_RDWR, 0o600));
    ok(capset({ ...all, effective: all.effective & ~(bit | (1n << CAP_DAC_READ_SEARCH)) }));
    ok(linkat(unnamed, empty, top, asBytes('linked')));
    for (const one of [unnamed, top]) ok(close(one));
    ok(capset({ ...all, effective: all.effective & ~bit }));
    assert.equal(got(capget()).effective, all.effective & ~bit);
    fails(mount(asBytes('none'), asBytes(dir), asBytes('tmpfs'), 0, empty), EPERM);
    ok(capset(all));
    assert.deepEqual(capget(), all);
    const high = 1n << 38n;
    ok(capset({ effective: 0n, permitted: all.permitted & high, inheritable: all.permitted & high }));
    assert.deepEqual(capget(), { effective: 0n, permitted: all.permitted & high, inheritable: all.permitted & high });
    fails(capset(all), EPERM);
    return 'done';
  },
  controls: () => {
    ok(prctl(PR_SET_PDEATHSIG, 0));
    ok(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL));
    fails(prctl(PR_CAP_AMBIENT, 99), EINVAL);
    fails(prctl(9999, 0), EINVAL);
    const flusher = prctl(PR_SET_IO_FLUSHER, 1);
    if (flusher === 0) assert.equal(prctl(PR_GET_IO_FLUSHER, 0), 1);
    else assert.ok(flusher === EPERM || flusher === EINVAL);
    assert.equal(prctl(PR_GET_NO_NEW_PRIVS, 0), 0);
    ok(prctl(PR_SET_NO_NEW_PRIVS, 1));
    assert.equal(prctl(PR_GET_NO_NEW_PRIVS, 0), 1);
  },
});
