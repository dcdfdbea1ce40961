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

// While one waits for the big file, another does all that a program may do: what of it was done before the big one was.
const OTHERS = String.raw`
import os, sys, threading
n, done = 0, set()
def big():
    os.close(os.open('big', os.O_RDWR))
def during(what, call):
    call()
    if t.is_alive(): done.add(what)
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
    during('stat', lambda: os.stat('f%d' % n))
    during('read', lambda: read(n + 1))
    during('create', lambda: open('made%d' % n, 'w').close())
    during('copy-up', lambda: copy_up(n + 2))
    during('removal of what is on both', lambda: os.unlink('f%d' % (n + 2)))
    during('fsync', lambda: synced(n))
t.join()
print(*sorted(done), sep=', ', end='')
`;

describe('a copy-up', function () {
  this.timeout(280_000);
  needsMount();

  it(`of ${BIG} MiB holds up nobody else`, async () => {
    await using root = new MountedRoot({ config: { mode: 'hold' } });
    for (let n = 0; n < FILES; n++) writeFileSync(join(root.disk, `f${n}`), Buffer.alloc(5000, 'o'));
    await run(['sh', '-c', `head -c ${BIG}M /dev/zero > "$0/big" && sync -f "$0/big"`, root.disk]);
    await root.start();
    const done = await run(['python3', '-c', OTHERS], root.mountpoint);
    assert.equal(done, 'copy-up, create, fsync, read, removal of what is on both, stat');
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
