// Who may do what: modes, ACLs, sticky and setgid directories, umask, and suid that goes when others write.

import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { asUser, program } from './case.ts';
import type { Cases, Ground } from './case.ts';

function mode(path: string): string {
  return (statSync(path).mode & 0o7777).toString(8);
}

function userMay(ground: Ground, script: string): void {
  const { status, said } = asUser(ground, script);
  assert.equal(status, 0, `${script}: ${said}`);
}

function userMayNot(ground: Ground, script: string, why = 'Permission denied'): void {
  const { status, said } = asUser(ground, script);
  assert.ok(status !== 0 && said.includes(why), `${script}: ${status} ${said}`);
}

export const permissions: Cases = {
  'a user reads and writes what the mode allows': (ground) => {
    const { at } = ground;
    userMay(ground, 'cat file >/dev/null');
    userMayNot(ground, 'echo x >> file');
    userMayNot(ground, 'touch new');
    userMayNot(ground, 'rm -f file');
    userMayNot(ground, 'chmod 600 file', 'not permitted');
    chmodSync(at('file'), 0o600);
    userMayNot(ground, 'cat file');
    chmodSync(at('full'), 0o711);
    userMayNot(ground, 'ls full');
    userMay(ground, 'cat full/one >/dev/null');
    chmodSync(at('full'), 0o700);
    userMayNot(ground, 'cat full/one');
    chownSync(at('file'), 1000, 1000);
    userMay(ground, 'cat file >/dev/null; chmod 640 file; echo x >> file');
    assert.equal(mode(at('file')), '640');
  },
  'what a user makes is the user’s': (ground) => {
    const { at } = ground;
    chmodSync(at('empty'), 0o777);
    userMay(ground, 'cd empty; umask 027; echo x > f; mkdir d; ln -s f s; mkfifo p; ln f l; mv d e');
    for (const name of ['f', 'e', 'p', 'l']) {
      const { uid, gid } = statSync(at(`empty/${name}`));
      assert.deepEqual([name, uid, gid], [name, 1000, 1000]);
    }
    assert.deepEqual([mode(at('empty/f')), mode(at('empty/e')), mode(at('empty/p'))], ['640', '750', '640']);
  },
  'a sticky directory keeps others’ files': (ground) => {
    const { at } = ground;
    chmodSync(at('other'), 0o1777);
    userMayNot(ground, 'rm -f other/four', 'not permitted');
    userMayNot(ground, 'mv other/four other/five', 'not permitted');
    userMay(ground, 'echo x > other/mine && mv other/mine other/yours && rm other/yours');
  },
  'a setgid directory passes its group on': (ground) => {
    const { at } = ground;
    chownSync(at('empty'), 0, 1234);
    chmodSync(at('empty'), 0o2777);
    userMay(ground, 'cd empty; echo x > f; mkdir d; mkdir d/e');
    assert.deepEqual([statSync(at('empty/f')).gid, statSync(at('empty/d')).gid], [1234, 1234]);
    assert.equal(mode(at('empty/d')), '2755');
    assert.equal(statSync(at('empty/d/e')).gid, 1234);
    assert.equal(mode(at('empty/f')), '644');
  },
  'a default ACL is inherited and takes the place of the umask': (ground) => {
    const { at } = ground;
    program(ground, 'setfacl', '-m', 'u:1000:rwx,d:u:1000:rw-,d:g::r-x,d:o::---', 'empty');
    userMay(ground, 'cd empty; umask 077; echo x > f; mkdir d');
    assert.equal(mode(at('empty/f')), '660');
    assert.equal(mode(at('empty/d')), '770');
    assert.match(program(ground, 'getfacl', '-cn', 'empty/f'), /user:1000:rw-/);
    assert.match(program(ground, 'getfacl', '-cn', 'empty/d'), /default:user:1000:rw-/);
  },
  'an ACL grants, and shows in the mode': (ground) => {
    const { at } = ground;
    chmodSync(at('file'), 0o600);
    program(ground, 'setfacl', '-m', 'u:1000:rw', 'file');
    userMay(ground, 'cat file > /dev/null; echo x >> file');
    assert.equal(mode(at('file')), '660');
    chmodSync(at('file'), 0o600);
    userMayNot(ground, 'cat file');
    program(ground, 'setfacl', '-b', 'file');
    assert.equal(program(ground, 'getfacl', '-cn', 'file').trim(), 'user::rw-\ngroup::---\nother::---');
  },
  'suid and sgid go when another writes, truncates or gives away': (ground) => {
    const { at } = ground;
    for (const name of ['file', 'second']) {
      for (const script of [`echo x >> ${name}`, `: > ${name}`, `truncate -s 3 ${name}`]) {
        chmodSync(at(name), 0o6777);
        userMay(ground, script);
        assert.equal(mode(at(name)), '777', script);
      }
      chmodSync(at(name), 0o6755);
      chownSync(at(name), 1000, 1000);
      assert.equal(mode(at(name)), '755', 'chown');
    }
    writeFileSync(at('new'), 'x', { mode: 0o755 });
    chmodSync(at('new'), 0o4755);
    writeFileSync(at('new'), 'root may keep it');
    truncateSync(at('new'), 3);
    assert.equal(mode(at('new')), '4755');
  },
  'suid and sgid stay when who opens to write beside a reader writes nothing': (ground) => {
    const { at } = ground;
    for (const name of ['file', 'second']) {
      chmodSync(at(name), 0o6777);
      userMay(ground, `exec 3< ${name}; read -r line <&3; : <> ${name}`);
      assert.equal(mode(at(name)), '6777', 'opened');
      userMay(ground, `exec 3< ${name}; echo x 1<> ${name}`);
      assert.equal(mode(at(name)), '777', 'written');
    }
  },
  'capabilities go when anybody writes or truncates': (ground) => {
    const { at } = ground;
    for (const change of ['echo x >> second', ': > second', 'truncate -s 3 second']) {
      program(ground, 'setcap', 'cap_net_raw+ep', 'second');
      assert.match(program(ground, 'getcap', 'second'), /cap_net_raw/);
      program(ground, 'sh', '-c', change);
      assert.equal(program(ground, 'getcap', 'second'), '', change);
    }
    assert.ok(statSync(at('second')).isFile());
  },
  'sgid without the group’s x stays for its members alone': (ground) => {
    const { at } = ground;
    for (const script of ['echo x >> file', ': > file', 'fallocate -l 9000 file', 'chgrp 1000 file']) {
      chownSync(at('file'), 1000, 3000);
      chmodSync(at('file'), 0o2767);
      userMay(ground, script);
      assert.equal(mode(at('file')), '767', script);
    }
    chownSync(at('file'), 1000, 1000);
    chmodSync(at('file'), 0o2767);
    userMay(ground, 'echo x >> file');
    assert.equal(mode(at('file')), '2767');
    chownSync(at('file'), 1000, 3000);
    chmodSync(at('file'), 0o2767);
    program(ground, 'setpriv', '--reuid=1000', '--regid=1000', '--groups=2000,3000', 'sh', '-c', 'echo x >> file');
    assert.equal(mode(at('file')), '2767', 'a member by a further group');
  },
  'a default ACL of another’s group leaves the directory setgid': (ground) => {
    const { at } = ground;
    chownSync(at('empty'), 1000, 3000);
    chmodSync(at('empty'), 0o2777);
    userMay(ground, 'setfacl -d -m u:1001:rwx empty');
    assert.equal(mode(at('empty')), '2777');
    userMay(ground, 'setfacl -m u:1001:rwx empty');
    assert.equal(mode(at('empty')), '777');
  },
  'O_TMPFILE in a setgid directory has its group': (ground) => {
    const { at } = ground;
    chownSync(at('empty'), 0, 3000);
    chmodSync(at('empty'), 0o2777);
    const make =
      'fd = os.open("empty", os.O_TMPFILE | os.O_RDWR, 0o640); print(os.fstat(fd).st_uid, os.fstat(fd).st_gid)';
    const { said } = asUser(ground, `python3 -c 'import os; ${make}'`);
    assert.equal(said, '1000 3000\n');
  },
  'a search through what may not be read': (ground) => {
    const { at } = ground;
    mkdirSync(at('full/closed'), 0o700);
    userMayNot(ground, 'ls full/closed');
    userMayNot(ground, 'test -e full/closed/x || ls full/closed/x');
  },
};
