// Names and sizes at the limits. Guards against names taken for text, paths cut short, offsets cut to 32 bits, and holes that are filled: a
// sparse file of a terabyte must neither fill flash nor take a terabyte's time.

import assert from 'node:assert/strict';
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { image } from '../copy/images.ts';
import { MountedRoot, needsMount } from '../mounted-root.ts';
import { flashTree } from '../run/flash-tree.ts';
import { oddNames } from '../sys/place.ts';
import { inside, shell } from './inside.ts';
import type { Ask } from './inside.ts';

const GIB = 2 ** 30;
const MARKS = [0, 2 ** 31 - 2, 2 ** 32 - 3, 5 * GIB - 6];

/** 5 GiB with words where 32-bit offsets would go wrong. */
function makeBig(path: string): void {
  const fd = openSync(path, 'w');
  ftruncateSync(fd, 5 * GIB);
  for (const at of MARKS) writeSync(fd, `mark${at % 100}`.slice(0, 6), at);
  closeSync(fd);
}

/** Each mark, as a program reads it, alone and by mmap. */
const READ_MARKS = `python3 -c '
import mmap, sys
f = open(sys.argv[1], "rb")
m = mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ)
for at in sys.argv[2:]:
    f.seek(int(at)); a = f.read(6); b = m[int(at):int(at) + 6]
    assert a == b, (at, a, b)
    print(a.rstrip(b"\\0").decode())
' `;

describe('names and sizes at the limits', function () {
  this.timeout(120_000);
  needsMount();

  for (const passthrough of [true, false]) {
    const how = passthrough ? 'passed through' : 'served';

    it(`${how}: names of any bytes, up to 255 of them`, async () => {
      await using root = new MountedRoot({ config: { passthrough } });
      for (const dir of oddNames) {
        mkdirSync(Buffer.from(`${root.disk}/${dir}`, 'latin1'));
        for (const name of oddNames)
          writeFileSync(Buffer.from(`${root.disk}/${dir}/${name}`, 'latin1'), `of ${name}`, 'latin1');
      }
      await root.start();
      const paths = oddNames.flatMap((dir) => oddNames.map((name) => `/${dir}/${name}`));
      const asks = paths.map((path): Ask => ['read', path]);
      const contents = inside(root.mountpoint, asks);
      assert.deepEqual(
        contents,
        paths.map((path) => `of ${path.slice(path.lastIndexOf('/') + 1)}`),
      );
      const listed = inside(root.mountpoint, [['list', '/']])[0]?.split('\0');
      assert.deepEqual(listed, [...oddNames].sort());
      const tooLong: Ask[] = [['open', `/${'x'.repeat(256)}`]];
      assert.deepEqual(inside(root.mountpoint, tooLong), ['ENAMETOOLONG']);
      await root.stop();
      assert.deepEqual(inside(root.flash, asks), contents);
      const files = [...flashTree(root.flash)].filter(([, type]) => type === 'file').map(([path]) => path);
      assert.deepEqual(files.sort(), paths.sort());
      assert.deepEqual(root.warnings, []);
    });

    it(`${how}: a path of 4,000 bytes`, async () => {
      await using root = new MountedRoot({ config: { passthrough } });
      const deep = `${'/a-directory-name'.repeat(235)}/end`;
      assert.ok(deep.length > 3_990 && deep.length < 4_096);
      // Made and read by steps: below disk its path is longer than a system call takes.
      shell(root.disk, `for i in {1..235}; do mkdir a-directory-name; cd a-directory-name; done; echo deep >end`);
      await root.start();
      assert.deepEqual(inside(root.mountpoint, [['read', deep]]), ['deep\n']);
      await root.stop();
      assert.deepEqual(inside(root.flash, [['read', deep]]), ['deep\n']);
      assert.deepEqual(root.warnings, []);
    });

    it(`${how}: files that are empty, sparse with 1 TiB, and 5 GiB with data at both ends of 32 bits`, async () => {
      await using root = new MountedRoot({ config: { passthrough } });
      writeFileSync(`${root.disk}/empty`, '');
      writeFileSync(`${root.disk}/hole`, '');
      const fd = openSync(`${root.disk}/hole`, 'r+');
      ftruncateSync(fd, 2 ** 40);
      writeSync(fd, 'end', 2 ** 40 - 3);
      closeSync(fd);
      makeBig(`${root.disk}/big`);
      const words = shell(root.disk, `${READ_MARKS} big ${MARKS.join(' ')}`);
      await root.start();
      for (let round = 0; round < 2; round++) {
        assert.equal(shell(root.mountpoint, `${READ_MARKS} big ${MARKS.join(' ')}`), words);
        assert.equal(
          shell(root.mountpoint, 'tail -c 3 hole; cat empty; stat -c %s hole empty big'),
          `end${2 ** 40}\n0\n${5 * GIB}\n`,
        );
        // The second round reads what is on flash now.
        await root.settle();
      }
      await root.stop();
      for (const name of ['empty', 'hole', 'big']) {
        const [ours, theirs] = [statSync(`${root.flash}/${name}`), statSync(`${root.disk}/${name}`)];
        assert.equal(ours.size, theirs.size);
        assert.ok(ours.blocks <= theirs.blocks + 64, `${name} takes ${ours.blocks} blocks, on disk ${theirs.blocks}`);
      }
      assert.equal(shell(root.flash, `${READ_MARKS} big ${MARKS.join(' ')}; tail -c 3 hole`), `${words}end`);
      assert.equal(readFileSync(`${root.flash}/empty`).length, 0);
      assert.deepEqual(root.warnings, []);
    });
  }

  describe('on a flash of 8 MB', () => {
    const flash = image('ext4', { size: '8M' });

    it('a sparse terabyte fits', async () => {
      mkdirSync(`${flash.dir}/flash`);
      await using root = new MountedRoot({ flash: `${flash.dir}/flash` });
      const fd = openSync(`${root.disk}/hole`, 'w');
      ftruncateSync(fd, 2 ** 40);
      closeSync(fd);
      await root.start();
      assert.deepEqual(inside(root.mountpoint, [['open', '/hole']]), ['ok']);
      await root.stop();
      assert.equal(statSync(`${root.flash}/hole`).size, 2 ** 40);
    });
  });
});
