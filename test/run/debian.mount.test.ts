// A Debian system in a directory as disk: its own programs run on flash alone afterwards, and flash has what they used and nothing else. Guards
// against mixing up the machine's own tree with disk's, and against captures that follow disk's absolute symlinks out of it.

import { needsMount } from '../mounted-root.ts';
import { debianTree } from './debian-tree.ts';
import { exactRun } from './exact-run.ts';
import type { ExactRun } from './exact-run.ts';

const PROGRAMS: Readonly<Record<string, ExactRun>> = {
  'apt-get --version': { command: ['apt-get', '--version'], prints: /^apt 2\./m },
  'dpkg -l': { command: ['dpkg', '-l'], prints: /^ii +base-files /m },
  'bash --login': {
    command: ['bash', '--login', '-c', 'shopt -q login_shell && echo "login shell of $(id -un)"'],
    prints: /login shell of root\n/,
  },
  'a program by /etc/alternatives': { command: ['awk', 'BEGIN { print 6 * 7 }'], prints: /42\n/ },
};

describe('run --verify in a Debian tree as disk', function () {
  this.timeout(180_000);
  needsMount();
  let disk = '';

  before(function () {
    this.timeout(600_000);
    disk = debianTree();
  });

  for (const [name, run] of Object.entries(PROGRAMS)) {
    it(`${name}: runs on flash alone, which has what it used and nothing else`, async () => {
      await exactRun({ ...run, disk });
    });
  }
});
