// Guards against a daemon of `/` that does not wait for its orders, misreads them, or ends without saying why to who waits for its answer.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

const ENTRY = fileURLToPath(new URL('../../src/daemon/root-main.js', import.meta.url));

/** What it answers to orders that come in these pieces, and its exit code. */
async function answerTo(pieces: readonly string[], end = false): Promise<[answer: string, code: unknown]> {
  const child = spawn(process.execPath, [ENTRY], { stdio: ['pipe', 'ignore', 'ignore', 'pipe'] });
  try {
    const stdin = child.stdin!;
    const report = child.stdio[3] as Readable;
    let answer = '';
    report.setEncoding('utf8').on('data', (text: string) => {
      answer += text;
    });
    for (const piece of pieces) {
      await new Promise((resolve) => stdin.write(piece, resolve));
      assert.equal(answer, '');
    }
    if (end) stdin.end();
    const [code] = (await once(child, 'close')) as [unknown];
    return [answer, code];
  } finally {
    child.kill('SIGKILL');
  }
}

describe('daemon/root-main', function () {
  this.timeout(20_000);

  it('takes its orders from stdin up to an empty line, in whatever pieces they come', async () => {
    const pieces = ['/no', 'where\nflash=/absent,disk=/\n', 'mode=hold', '\n', '\n'];
    const [answer, code] = await answerTo(pieces);
    assert.match(answer, /^.*\/absent.*\n$/);
    assert.equal(code, 1);
  });

  it('says which option is wrong', async () => {
    const [answer, code] = await answerTo(['/nowhere\nflash=/absent,disk=/\nmode=hold,nonsense=1\n\n']);
    assert.match(answer, /^.*nonsense.*\n$/);
    assert.equal(code, 1);
  });

  it('ends where there are no orders', async () => {
    assert.deepEqual(await answerTo([], true), ['no mountpoint\n', 1]);
  });
});
