// What a copy-up does to others, and what must not cause one. Guards against a server that answers nobody while it copies, and against copies that
// nobody asked for.

import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MountedRoot, needsMount } from '../mounted-root.ts';
import { run } from '../workloads/programs.ts';

/** BIG=2048 is what an image of a machine may be; a smaller one shows the same sooner. MiB. */
const BIG = Number(process.env['BIG'] ?? 600);
const FILES = 400;

// While one waits for the big file, another does all that a program may do. How long the slowest took of each, in parts of what the big one took.
const OTHERS = String.raw`
import os, sys, threading, time
took, slowest, n = [], {}, 0
def big():
    at = time.monotonic()
    fd = os.open('big', os.O_RDWR)
    took.append(time.monotonic() - at)
    os.close(fd)
def timed(what, call):
    at = time.monotonic()
    call()
    slowest[what] = max(slowest.get(what, 0), time.monotonic() - at)
def copy_up(n):
    with open('f%d' % n, 'r+b') as f: f.write(b'x')
def synced(n):
    with open('new%d' % n, 'wb') as f:
        f.write(b'x' * 5000)
        os.fsync(f.fileno())
def read(n):
    with open('f%d' % n, 'rb') as f: assert len(f.read()) == 5000
with open('f0', 'r+b') as f: f.write(b'x')
t = threading.Thread(target=big)
t.start()
while t.is_alive() and n < ${FILES} - 4:
    n += 4
    timed('stat', lambda: os.stat('f%d' % n))
    timed('read', lambda: read(n + 1))
    timed('create', lambda: open('made%d' % n, 'w').close())
    timed('copy-up', lambda: copy_up(n + 2))
    timed('removal of what is on both', lambda: os.unlink('f%d' % (n + 2)))
    timed('fsync', lambda: synced(n))
t.join()
assert n >= 12, n
for what, seconds in slowest.items():
    if seconds > took[0] / 3: print('%s took %.2f of %.2f s' % (what, seconds, took[0]))
print('big %.2f' % took[0], {w: round(s, 3) for w, s in slowest.items()}, n, file=sys.stderr)
`;

describe('a copy-up', function () {
  this.timeout(280_000);
  needsMount();

  it(`of ${BIG} MiB holds up nobody else`, async () => {
    await using root = new MountedRoot({ config: { mode: 'hold' } });
    for (let n = 0; n < FILES; n++) writeFileSync(join(root.disk, `f${n}`), Buffer.alloc(5000, 'o'));
    await run(['sh', '-c', `head -c ${BIG}M /dev/zero > "$0/big" && sync -f "$0/big"`, root.disk]);
    await root.start();
    assert.equal(await run(['python3', '-c', OTHERS], root.mountpoint), '');
    assert.deepEqual(root.warnings, []);
  });

  it('is not made for a change that changes nothing', async () => {
    await using root = new MountedRoot({ config: { mode: 'hold' } });
    for (const name of ['file', 'read']) writeFileSync(join(root.disk, name), 'old');
    mkdirSync(join(root.disk, 'dir'));
    await root.start();
    const nothing = String.raw`
import os
for name in ('file', 'dir'):
    os.chown(name, -1, -1)
    assert os.stat(name).st_uid == 0
open('read').read()
`;
    await run(['python3', '-c', nothing], root.mountpoint);
    assert.deepEqual(readdirSync(root.flash), ['.rootsync']);
  });

  it('leaves nothing of disk open for who has the file open', async () => {
    await using root = new MountedRoot();
    writeFileSync(join(root.disk, 'file'), 'old');
    await root.start();
    const reader = String.raw`
import os, sys, time
fd = os.open('file', os.O_RDONLY)
while not os.path.exists(sys.argv[1]): time.sleep(0.01)
print(os.pread(fd, 10, 0).decode(), *[os.readlink(f'/proc/{sys.argv[2]}/fd/{n}') for n in os.listdir(f'/proc/{sys.argv[2]}/fd')], sep='\n')
`;
    const copy = join(root.flash, 'file');
    const said = (await run(['python3', '-c', reader, copy, String(root.pid)], root.mountpoint)).split('\n');
    assert.equal(said[0], 'old');
    const held = said.filter((path) => path.endsWith('/file'));
    assert.deepEqual([...new Set(held)], [copy]);
  });
});
