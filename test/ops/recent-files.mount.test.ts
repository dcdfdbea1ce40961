// A file that is opened again and again is kept open by the daemon for a moment, and not longer, and known to have no capability. Nobody may see that, but
// by its speed: what is changed, through the mount or by deleting flash's copy, is seen by the very next use.

import assert from 'node:assert/strict';
import { copyFileSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { shell } from '../capture/inside.ts';
import { MountedRoot, needsMount } from '../mounted-root.ts';

/** By then the kernel has told of a close. */
const RELEASE_MS = 100;
/** Longer than anything is kept, on a busy machine. */
const LATER_MS = 10_000;
/** cap_net_raw, permitted and effective. */
const CAPABILITY = '0100000200200000000000000000000000000000';
const CAPABLE = `
import os, subprocess
NAME = 'security.capability'
def look():
    subprocess.check_call('./program')
    print(NAME in os.listxattr('program'), end=' ')
    try: print(len(os.getxattr('program', NAME)))
    except OSError as e: print(e.strerror)
for i in range(3): look()
os.setxattr('program', NAME, bytes.fromhex('${CAPABILITY}'))
look()
look()
os.removexattr('program', NAME)
look()`;

const cases: readonly (readonly [what: string, change: string, look: string, expected: string])[] = [
  ['written to', 'echo new >f', 'cat f', 'new\n'],
  ['appended to', 'echo more >>f', 'cat f', 'old\nmore\n'],
  ['truncated', 'truncate -s 2 f', 'cat f', 'ol'],
  ['removed', 'rm f', 'cat f 2>/dev/null || echo gone', 'gone\n'],
  ['removed and made anew', 'rm f; echo new >f', 'cat f', 'new\n'],
  ['replaced', 'echo other >g; mv g f', 'cat f', 'other\n'],
  ['renamed, and another put in its place', 'mv f h; echo other >f', 'cat h f', 'old\nother\n'],
  ['exchanged with another', 'echo other >g; mv f h; mv g f; mv h g', 'cat f g', 'other\nold\n'],
];

describe('ops: files that were open a moment ago', function () {
  this.timeout(60_000);
  needsMount();

  for (const mode of ['hold', 'capture', 'upgrade'] as const) {
    describe(`in mode ${mode}`, () => {
      let root: MountedRoot;

      before(async () => {
        root = new MountedRoot({ config: { mode } });
        for (const branch of [root.disk, root.flash]) {
          for (const at of cases.keys()) shell(branch, `mkdir ${at}; echo old >${at}/f`);
          writeFileSync(`${branch}/file`, 'old\n');
          copyFileSync('/bin/true', `${branch}/program`);
          shell(branch, 'chmod 755 program');
        }
        writeFileSync(`${root.disk}/once`, 'old\n');
        writeFileSync(`${root.flash}/copy`, 'flash\n');
        writeFileSync(`${root.disk}/copy`, 'disk\n');
        await root.start();
      });

      after(async () => {
        await root.stop();
        assert.deepEqual(root.warnings, []);
        await root[Symbol.asyncDispose]();
      });

      /** Whether the daemon has a file of this name open on a branch. */
      function isOpen(name: string): boolean {
        const descriptors = `/proc/${String(root.pid)}/fd`;
        return readdirSync(descriptors).some((fd) => {
          try {
            return readlinkSync(`${descriptors}/${fd}`).endsWith(`/${name}`);
          } catch {
            return false;
          }
        });
      }

      async function closed(name: string, after: string): Promise<void> {
        const end = Date.now() + LATER_MS;
        while (isOpen(name)) {
          assert.ok(Date.now() < end, `still open after ${after}`);
          await sleep(RELEASE_MS / 10);
        }
      }

      it('one is kept open after its second use, given up before any change, and after a moment', async () => {
        const { mountpoint } = root;
        shell(mountpoint, 'cat file');
        await closed('file', 'its first use');
        shell(mountpoint, 'cat file; cat file');
        await sleep(RELEASE_MS);
        assert.equal(isOpen('file'), true, 'after others');
        shell(mountpoint, 'mkdir directory');
        assert.equal(isOpen('file'), false, 'after a change');
        shell(mountpoint, 'cat file');
        await sleep(RELEASE_MS);
        assert.equal(isOpen('file'), true, 'after another use');
        await closed('file', 'a moment');
      });

      for (const [at, [what, change, look, expected]] of cases.entries()) {
        it(`one that is ${what} is read as it is then`, () => {
          const dir = `${root.mountpoint}/${at}`;
          assert.equal(shell(dir, `for i in 1 2 3; do cat f; done; ${change}; ${look}`), `old\nold\nold\n${expected}`);
        });
      }

      it('one that is given a capability, and loses it, has it in between', () => {
        const without = 'False No data available\n';
        const out = shell(root.mountpoint, `python3 - <<'END'\n${CAPABLE}\nEND`);
        assert.equal(out, `${without.repeat(3)}${'True 20\n'.repeat(2)}${without}`);
      });

      it('one that is set-user-ID from now on loses that with the first write of another user', () => {
        const out = shell(
          root.mountpoint,
          `chmod 777 .; cp program suid; ./suid && ./suid && ./suid; chmod 4777 suid; ./suid && ./suid
           setpriv --reuid 1000 --clear-groups sh -c 'echo >>suid'; stat -c %a suid`,
        );
        assert.equal(out, '777\n');
      });

      if (mode !== 'upgrade')
        it('one whose copy is deleted from flash is disk’s by the next use', () => {
          assert.equal(shell(root.mountpoint, 'cat copy; cat copy; cat copy'), 'flash\n'.repeat(3));
          rmSync(`${root.flash}/copy`);
          assert.equal(shell(root.mountpoint, 'cat copy'), 'disk\n');
        });
    });
  }
});
