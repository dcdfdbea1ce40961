// Real programs of this machine: each runs on flash alone afterwards, and flash has what it used and nothing else. What that was is strace's
// account, resolved by hand on disk. Guards against captures that miss something (an interpreter, a hop of a symlink) or take too much.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { needsMount } from '../mounted-root.ts';
import { exactRun } from './exact-run.ts';
import type { ExactRun } from './exact-run.ts';

const inTemporary = (script: string): string[] => [
  'sh',
  '-ec',
  `d=$(mktemp -d /tmp/rootsync-test.XXXXXX)\ntrap 'rm -rf "$d"' EXIT\ncd "$d"\n${script}`,
];

const GIT = `
git init -q .
echo text >file
git add file
git -c user.name=N -c user.email=n@example.org commit -q -m 'first message'
git log --oneline
`;

const GCC = `
cat >hello.c <<'END'
#include <stdio.h>
#include <math.h>
int main(int argc, char **argv) { return printf("compiled %g\\n", sqrt(argc * 4)) < 0; }
END
gcc -O1 -o hello hello.c -lm
./hello
`;

const port = 20_000 + (process.pid % 20_000);
const NGINX = `
mkdir www && chmod 755 . www && echo 'from nginx' >www/index.html
cat >conf <<END
pid $d/pid;
error_log stderr;
events {}
http {
  access_log off;
  include /etc/nginx/mime.types;
  server { listen 127.0.0.1:${port}; root $d/www; }
}
END
nginx -c "$d/conf"
perl -MIO::Socket::INET -e '
  my $s = IO::Socket::INET->new("127.0.0.1:${port}") or die $!;
  print $s "GET / HTTP/1.0\\r\\n\\r\\n";
  print grep { /nginx$/ } <$s>'
nginx -c "$d/conf" -s quit
perl -e 'select undef, undef, undef, 0.02 while -e "pid"'
`;

const PROGRAMS: Readonly<Record<string, ExactRun>> = {
  'a shell pipeline': {
    command: ['sh', '-c', 'cat /etc/passwd | sed s/:.*// | sort -r | uniq -c | grep root'],
    prints: /1 root\n/,
  },
  'python3 with json, ssl, sqlite3 and a locale': {
    command: [
      '/usr/bin/python3',
      '-c',
      'import json, ssl, sqlite3, locale\n' +
        'locale.setlocale(locale.LC_ALL, "")\n' +
        'ssl.create_default_context()\n' +
        'print(json.dumps(sqlite3.connect(":memory:").execute("select 6 * 7").fetchall()), locale.getlocale())',
    ],
    prints: /\[\[42\]\] \('en_US', 'UTF-8'\)|\[\[42\]\] .*UTF-8/,
  },
  'perl with modules': {
    command: [
      'perl',
      '-MPOSIX',
      '-MJSON::PP',
      '-MDigest::SHA',
      '-MEncode',
      '-e',
      'print encode_json([floor(4.5)]), "\n"',
    ],
    prints: /\[4\]\n/,
  },
  'git init, commit and log': { command: inTemporary(GIT), prints: /[0-9a-f]{7} first message\n/ },
  'gcc, and what it compiled': { command: inTemporary(GCC), prints: /compiled 2\n/ },
  'node with a script': {
    command: inTemporary(
      `echo 'import { createHash } from "node:crypto"; console.log(createHash("md5").update("x").digest("hex"))' >a.mjs\nnode a.mjs`,
    ),
    prints: /9dd4e461268c8034f5c8564e155c67a6\n/,
  },
  'nginx answering on loopback': { command: inTemporary(NGINX), prints: /from nginx\n/ },
};

describe('run --verify of programs of this machine', function () {
  this.timeout(180_000);
  needsMount();

  for (const [name, run] of Object.entries(PROGRAMS)) {
    it(`${name}: runs on flash alone, which has what it used and nothing else`, async () => {
      await exactRun(run);
    });
  }

  for (const name of ['a shell pipeline', 'python3 with json, ssl, sqlite3 and a locale', 'git init, commit and log']) {
    it(`${name}, as an ordinary user in a user namespace`, async () => {
      await exactRun({ ...PROGRAMS[name]!, user: true });
    });
  }

  for (const name of ['gcc, and what it compiled', 'nginx answering on loopback']) {
    it(`${name}, without passthrough`, async () => {
      await exactRun({ ...PROGRAMS[name]!, options: ['--no-passthrough'] });
    });
  }

  it('a script whose interpreter is a script: the interpreter of that, too', async () => {
    // Where it stays until strace's account has been read, and where both runs find it.
    const dir = mkdtempSync('/tmp/rootsync-test.');
    try {
      writeFileSync(`${dir}/one`, '#!/bin/sh\necho "$@"\n', { mode: 0o755 });
      writeFileSync(`${dir}/two`, `#!${dir}/one\n`, { mode: 0o755 });
      await exactRun({ command: [`${dir}/two`, 'three'], prints: /two three\n/ });
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});
