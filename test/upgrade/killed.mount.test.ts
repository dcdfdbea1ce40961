// Guards against branches that a crash leaves apart: the daemon is killed at moments that nobody chose while packages are upgraded. RUNS=n kills more often.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { MountedRoot, needsMount } from '../mounted-root.ts';
import { shell } from '../capture/inside.ts';
import { agreement } from './agreement.ts';
import { exchanging } from './exchange.ts';

const RUNS = Number(process.env['RUNS'] ?? 6);
/** As dpkg does: unpack beside, keep the old by a link, rename over; and now and then files go, come, and are written in place. */
const UPGRADE = `i=0; while :; do i=$((i+1)); for f in f*; do
  echo "$f $i" >$f.dpkg-new; ln -f $f $f.dpkg-tmp; mv -f $f.dpkg-new $f; rm -f $f.dpkg-tmp
  echo $i >>log; rm -f g; echo $i >g; chmod 7$((i%8))4 h; done; done`;

/** Whole trees trade places meanwhile: two that flash has some of, one of disk alone, a file. */
const TREES = ['x/a', 'x/sub/b', 'x/sub/only', 'y/a', 'y/c', 'y/sub/only', 'z/a', 'z/sub/b', 'w'];
const TRADES = [
  ['x', 'y'],
  ['y', 'z'],
  ['x/sub', 'y'],
  ['w', 'z'],
  ['x', 'w'],
  ['z', 'y/sub'],
] as const;
const CONTENT = 'find t -type f | xargs cat | sort';

describe('upgrade: killed', function () {
  this.timeout(RUNS * 30_000);
  needsMount();

  it('leaves branches that agree once it is mounted again', async () => {
    await using root = new MountedRoot({ config: { mode: null } });
    for (const dir of ['d', 't/x/sub', 't/y/sub', 't/z/sub']) mkdirSync(`${root.disk}/${dir}`, { recursive: true });
    for (const name of TREES) writeFileSync(`${root.disk}/t/${name}`, `${name}\n`);
    const names = ['f1', 'f2', 'f3', 'g', 'h', 'log'];
    for (const name of names) writeFileSync(`${root.disk}/d/${name}`, `${name} 0\n`);
    await root.start();
    shell(root.mountpoint, `cd d; cat ${names.join(' ')} >/dev/null; cd ../t; cat x/a x/sub/b y/a y/c >/dev/null`);
    await root.settle();
    await root.switchMode('upgrade');
    for (let run = 0; run < RUNS; run++) {
      const busy = [
        spawn('bash', ['-c', UPGRADE], { cwd: `${root.mountpoint}/d`, stdio: 'ignore' }),
        spawn('bash', ['-c', exchanging(TRADES)], { cwd: `${root.mountpoint}/t`, stdio: 'ignore' }),
      ];
      const gone = Promise.all(busy.map((one) => once(one, 'exit')));
      // The moment is to be any.
      await sleep(50 + Math.random() * 700);
      for (const one of busy) one.kill('SIGKILL');
      await root.kill();
      await gone;
      await root.start();
      const shown = shell(root.mountpoint, 'cd d; for f in f*; do case $f in *.*) ;; *) cat $f;; esac; done');
      assert.match(shown, /^f1 \d+\nf2 \d+\nf3 \d+\n$/, `run ${run}`);
      shell(root.mountpoint, 'cd d; rm -f *.dpkg-*');
      assert.equal(shell(root.mountpoint, CONTENT), `${[...TREES].sort().join('\n')}\n`, `run ${run}`);
      await root.settle();
      assert.deepEqual(agreement(root), [], `run ${run}`);
      assert.deepEqual(root.warnings, []);
    }
  });
});
