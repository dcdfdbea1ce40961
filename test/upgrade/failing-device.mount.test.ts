// Guards against a device that fails in upgrade mode: a change that came about by half, that is on disk though flash does not know of it, or branches that are apart
// once the device has been mended. Flash, or disk, is a double that fails at the n-th step it is asked for.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { shell } from '../capture/inside.ts';
import { double } from '../doubles/double.ts';
import { MountedRoot, needsMount } from '../mounted-root.ts';
import { agreement } from './agreement.ts';
import { exchange } from './exchange.ts';

/** Each in a directory of its own, with files `a`, `b`, `sub/c` and `full/c`, a symlink `l` to `a`, all on flash, and `n` and `other/c`, which disk alone has. */
const CHANGES = {
  'written in place': 'echo more >>a',
  'cut and written': 'echo short >a',
  'replaced by a rename': 'mv -T n a',
  renamed: 'mv -T b d',
  'a new file': 'echo new >e',
  removed: 'rm b',
  'of another mode': 'chmod 700 a',
  'a symlink replaced': 'mv -T m l',
  'one more name': 'ln a f',
  'a directory renamed': 'mv -T sub dir',
  'a directory removed': 'rmdir gone',
  'a new directory': 'mkdir g',
  'directories trade places': exchange('sub', 'full'),
  'with one of disk alone': exchange('sub', 'other'),
  'with a file': exchange('a', 'sub'),
} as const;
type Change = keyof typeof CHANGES;
const STEPS = ['create', 'write', 'setattr', 'rename2', 'unlink', 'rmdir', 'symlink', 'mkdir', 'link'];
const DEGREES = [0, 1, 2];
/** What a directory of ours is: each object, and the content of files. */
const LIST = "find . -mindepth 1 -printf '%P %y %m %l\\n' | sort; cat a b d e f */c 2>/dev/null || true";

interface Trial {
  readonly change: Change;
  readonly what: string;
  readonly dir: string;
  /** What it looks like before, afterwards, and maybe in between. */
  readonly states: readonly string[];
  readonly fail: () => void;
}

function plant(dir: string): void {
  for (const name of ['sub', 'full', 'other', 'gone']) mkdirSync(`${dir}/${name}`, { recursive: true });
  for (const name of ['a', 'b', 'n', 'sub/c', 'full/c', 'other/c']) writeFileSync(`${dir}/${name}`, `${name}\n`);
  symlinkSync('a', `${dir}/l`);
  symlinkSync('b', `${dir}/m`);
}

function list(dir: string): string {
  return shell(dir, LIST);
}

/** Of many directories in `root`, by one process. */
function lists(root: string, dirs: readonly string[]): string[] {
  return shell(root, `for d in ${dirs.join(' ')}; do (cd $d; ${LIST}); printf '\\0'; done`).split('\0');
}

/** What a change that failed may have left: `echo` fails after it has made or cut its file. */
const HALF: Readonly<Partial<Record<Change, string>>> = {
  'cut and written': ': >a',
  'a new file': ': >e',
};

/** Makes each change while the double fails; what was wrong. */
async function go(root: MountedRoot, trials: readonly Trial[], heal: () => void): Promise<string[]> {
  const wrong: string[] = [];
  const dirs = trials.map(({ dir }) => dir);
  for (const dir of dirs) plant(`${root.disk}/${dir}`);
  await root.start();
  shell(
    root.mountpoint,
    `for d in ${dirs.join(' ')}; do cat $d/{a,b,l,sub/c,full/c} >/dev/null; stat $d/gone >/dev/null; done`,
  );
  await root.settle();
  await root.switchMode('upgrade');
  const came: boolean[] = [];
  for (const { change, dir, fail } of trials) {
    fail();
    const cwd = `${root.mountpoint}/${dir}`;
    const { status } = spawnSync('bash', ['--norc', '-ec', CHANGES[change]], { cwd, stdio: 'ignore', timeout: 60_000 });
    heal();
    came.push(status === 0);
  }
  const first = lists(root.mountpoint, dirs);
  for (const [i, { what, states }] of trials.entries())
    if (!(came[i] === true ? states.slice(1, 2) : states).includes(first[i] ?? ''))
      wrong.push(`${what}, ${came[i] === true ? 'done' : 'refused'}:\n${first[i] ?? ''}`);
  for (const how of ['settle', 'kill', 'stop'] as const) {
    if (how !== 'settle') await root.restart(how);
    await root.settle();
    const [shown, there] = [lists(root.mountpoint, dirs), lists(root.disk, dirs)];
    for (const [i, { what }] of trials.entries()) {
      if (shown[i] !== first[i]) wrong.push(`${what}, ${how}:\n${shown[i] ?? ''}`);
      if (there[i] !== first[i]) wrong.push(`${what}, ${how}: disk has\n${there[i] ?? ''}`);
    }
    wrong.push(...agreement(root).map((line) => `${how}: ${line}`));
  }
  return [...wrong, ...root.warnings];
}

describe('upgrade: a device that fails', function () {
  this.timeout(240_000);
  needsMount();

  for (const branch of ['flash', 'disk'] as const)
    describe(branch, () => {
      const device = double('plain');

      it('lets a change come about as a whole or not at all, and the branches agree once it is mended', async () => {
        const at = `${device.dir}/${branch}`;
        mkdirSync(at);
        await using root = new MountedRoot({ [branch]: at, config: { mode: null } });
        const trials: Trial[] = [];
        for (const change of Object.keys(CHANGES) as Change[]) {
          const plain = `${root.dir}/plain-${String(trials.length)}`;
          plant(plain);
          const states = [list(plain)];
          shell(plain, CHANGES[change]);
          states.push(list(plain));
          if (HALF[change] !== undefined) {
            shell(plain, HALF[change]);
            states.push(list(plain));
          }
          for (const step of STEPS)
            for (const n of DEGREES)
              trials.push({
                ...{ change, states, dir: `t${String(trials.length)}`, what: `${change}, ${step} ${String(n)}` },
                fail: () => {
                  device.fail([step], 'EIO', n);
                },
              });
        }
        assert.deepEqual(
          await go(root, trials, () => {
            device.heal();
          }),
          [],
        );
      });
    });
});
