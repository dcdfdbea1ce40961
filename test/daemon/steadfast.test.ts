// Guards against a daemon of `/` that systemd, the OOM killer or a signal ends, or that stays stopped: nobody could use the system any more.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { capget } from '../../src/sys/process.ts';

const CAP_SYS_RESOURCE = 24n;

function mayExceedLimits(): boolean {
  const sets = capget();
  return typeof sets !== 'number' && ((sets.effective >> CAP_SYS_RESOURCE) & 1n) === 1n;
}

describe('daemon/steadfast', () => {
  it('is spared by systemd and the OOM killer, goes on when stopped, and has its program locked', async () => {
    const module = new URL('../../src/daemon/steadfast.js', import.meta.url).href;
    const program = `
      import { becomeSteadfast } from ${JSON.stringify(module)};
      process.stdin.on('data', () => process.exit(7));
      console.log(JSON.stringify(becomeSteadfast()));`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    try {
      const [said] = (await once(child.stdout, 'data')) as [Buffer];
      const wrong = JSON.parse(String(said)) as string[];
      const of = (name: string): string => readFileSync(`/proc/${child.pid ?? 0}/${name}`, 'utf8');
      assert.match(of('cmdline'), /^@rootsync\0/);
      // Containers often lack CAP_SYS_RESOURCE, which these need; the tests in test/boot have it.
      const may = mayExceedLimits();
      assert.deepEqual(
        wrong,
        may ? [] : ['the OOM killer: EACCES', 'PR_SET_IO_FLUSHER: EPERM', 'the limit of descriptors: EPERM'],
      );
      if (may) assert.equal(of('oom_score_adj'), '-1000\n');
      if (may) assert.match(of('limits'), /^Max open files\s+1048576\s/m);
      assert(Number(/^VmLck:\s*(\d+) kB$/m.exec(of('status'))?.[1]) > 1000);
      child.kill('SIGSTOP');
      child.stdin.end('go');
      assert.deepEqual(await once(child, 'exit'), [7, null]);
    } finally {
      child.kill('SIGKILL');
    }
  }).timeout(20_000);
});
