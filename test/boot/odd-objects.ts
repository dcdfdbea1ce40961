// Objects that not every filesystem can hold, put on disk before it is booted, with the program that uses them there (guest/odd-objects).

import { execFileSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { readdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const LONG_NAME = 'n'.repeat(255);
const LONG_TARGET = `/${'t'.repeat(1999)}`;

/** Puts them on the disk that is mounted at `dir`, in /srv/odd. */
export async function plantOddObjects(dir: string): Promise<void> {
  const odd = join(dir, 'srv/odd');
  await mkdir(odd);
  const run = (command: string, ...args: string[]): void => void execFileSync(command, args, { cwd: odd });
  const file = (name: string, content = `${name}\n`): void => {
    writeFileSync(join(odd, name), content);
  };
  for (const name of ['plain', 'acl', 'capable', 'labelled', 'owned', 'timed', 'ancient', 'sparse', LONG_NAME])
    file(name);
  file('mapped', '-'.repeat(6000));
  symlinkSync(LONG_TARGET, join(odd, 'long-target'));
  symlinkSync('plain', join(odd, 'link'));
  run('ln', 'plain', 'another');
  run('mkdir', 'inheriting');
  run('mkfifo', 'fifo');
  run('mknod', 'null', 'c', '1', '3');
  run('python3', '-c', 'import socket; socket.socket(socket.AF_UNIX).bind("socket")');
  run('setfacl', '-m', 'u:1234:r', 'acl');
  run('setfacl', '-d', '-m', 'u:1234:r', 'inheriting');
  run('setcap', 'cap_net_raw=ep', 'capable');
  run('setfattr', '-n', 'user.long', '-v', 'x'.repeat(3000), 'labelled');
  run('chown', '70000:70001', 'owned');
  run('chmod', '6755', 'owned');
  run('touch', '-d', '2020-02-02 02:02:02.123456789 UTC', 'timed');
  run('touch', '-d', '1965-05-05 05:05:05 UTC', 'ancient');
  truncateSync(join(odd, 'sparse'), 4 << 20);
  run(
    'install',
    '-m',
    '755',
    join(process.cwd(), 'test/boot/guest/odd-objects'),
    join(dir, 'usr/local/sbin/odd-objects'),
  );
}

/** What guest/odd-objects says of an object, times without what is below a second. */
export interface OddObject {
  readonly name: string;
  readonly kind: string;
  readonly mode: string;
  readonly uid: string;
  readonly gid: string;
  readonly links: string;
  readonly size: string;
  readonly mtime: string;
}

/** Those of the disk that is mounted at `dir`, in the order of their names. */
export function oddObjects(dir: string): OddObject[] {
  const odd = join(dir, 'srv/odd');
  const list = execFileSync('stat', ['--printf=%n|%F|%a|%u|%g|%h|%s|%Y\\n', ...readdirSync(odd).sort()], {
    cwd: odd,
    encoding: 'latin1',
  });
  return list.trimEnd().split('\n').map(parseOddObject);
}

/** A line as stat prints it. What size other objects than files and symlinks show is their filesystem's own affair. */
export function parseOddObject(line: string): OddObject {
  const [name = '', kind = '', mode = '', uid = '', gid = '', links = '', size = '', mtime = ''] = line.split('|');
  const isSized = /^(regular|symbolic) /.test(kind);
  return { name, kind, mode, uid, gid, links, size: isSized ? size : '', mtime };
}

/** What md5sum says of those whose content is looked at. */
export function oddSums(dir: string): string[] {
  const options = { cwd: join(dir, 'srv/odd'), encoding: 'latin1' } as const;
  return execFileSync('md5sum', ['plain', 'sparse'], options).trimEnd().split('\n');
}
