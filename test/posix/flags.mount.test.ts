// chattr and lsattr on the merged root, over flash filesystems that have flags and such as have none. Guards against flags that are set on disk, that
// are lost, or that do nothing.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { image } from '../copy/images.ts';
import { MountedRoot, needsMount } from '../mounted-root.ts';
import { begin, run } from '../workloads/programs.ts';

const FLAGS = String.raw`
import array, errno, fcntl, os, sys
GET, SET = 0x80086601, 0x40086602
NODUMP, NOATIME = 0x40, 0x80
def put(path, value):
    fd = os.open(path, os.O_RDONLY)
    fcntl.ioctl(fd, SET, array.array('l', [value | (get(fd) & ~0xf0)])); os.close(fd)
def get(fd):
    a = array.array('l', [0]); fcntl.ioctl(fd, GET, a); return a[0] & 0xffffffff
def read(path):
    fd = os.open(path, os.O_RDONLY); value = get(fd) & 0xf0; os.close(fd); return value
try: read('probe')
except OSError as e: print(errno.errorcode[e.errno]); sys.exit()
for path in ('file', 'dir'):
    assert read(path) == 0, path
    put(path, NODUMP | NOATIME)
    assert read(path) == NODUMP | NOATIME, (path, hex(read(path)))
put('file', 0)
with open('file', 'r+') as f: f.write('new')
assert open('file').read() == 'new' and read('file') == 0
print('flags')
`;

describe('flags of files and directories', function () {
  this.timeout(120_000);
  needsMount();

  for (const type of ['ext4', 'xfs', 'btrfs', 'tmpfs', 'ramfs'] as const)
    describe(`flash on ${type}`, () => {
      const here = image(type);

      for (const passthrough of [true, false])
        it(`are flash's own, disk's are left alone, ${passthrough ? 'passed through' : 'served'}`, async () => {
          const flash = join(here.dir, String(passthrough));
          mkdirSync(join(flash, 'control'), { recursive: true });
          await using root = new MountedRoot({ flash: join(flash, 'flash'), config: { mode: 'hold', passthrough } });
          for (const name of ['file', 'probe']) {
            writeFileSync(join(root.disk, name), 'old');
            writeFileSync(join(flash, 'control', name), 'old');
          }
          for (const dir of [root.disk, join(flash, 'control')]) mkdirSync(join(dir, 'dir'));
          const flagsOf = () => run(['lsattr', '-d', 'file', 'dir'], root.disk);
          const before = await flagsOf();
          await root.start();
          // What may be set, flash's filesystem says itself; whether flags can be read at all of what only disk has, disk's.
          const control = await begin(['python3', '-c', FLAGS], join(flash, 'control')).ended;
          const merged = await begin(['python3', '-c', FLAGS], root.mountpoint).ended;
          if (control.stdout === 'flags\n') assert.equal(merged.stdout, 'flags\n', merged.stderr);
          else assert.ok(merged.status !== 0 || merged.stdout !== 'flags\n', 'flags that flash does not have');
          assert.equal(existsSync(join(root.flash, 'probe')), false, 'reading flags copies nothing');
          await root.stop();
          assert.equal(await flagsOf(), before, 'disk');
          assert.deepEqual(root.warnings, []);
        });
    });
});
