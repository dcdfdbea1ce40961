// Guards against a daemon that stays stopped: everything that uses its mount would stand still, systemd's shutdown too.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';

describe('sys: timer', () => {
  it('continues a process that was stopped', async () => {
    const module = new URL('../../src/sys/timer.js', import.meta.url).href;
    const program = `
      import { signalEvery, SIGCONT } from ${JSON.stringify(module)};
      process.on('SIGCONT', () => {});
      process.stdin.on('data', () => process.exit(7));
      console.log(signalEvery(50, SIGCONT));`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    try {
      const [said] = (await once(child.stdout, 'data')) as [Buffer];
      assert.equal(String(said), '0\n');
      for (let times = 0; times < 3; times++) child.kill('SIGSTOP');
      child.stdin.end('go');
      const [code] = (await once(child, 'exit')) as [number];
      assert.equal(code, 7);
    } finally {
      child.kill('SIGKILL');
    }
  }).timeout(20_000);
});
