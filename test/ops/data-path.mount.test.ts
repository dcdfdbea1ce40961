// Which way the data of a file on flash go, told by what the kernel asks of the daemon.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { shell } from '../capture/inside.ts';
import type { Status } from '../../src/control/protocol.ts';
import { MountedRoot, needsMount } from '../mounted-root.ts';

const MIB = 1 << 20;
/** As a program loader does, three times: read the beginning, ask for the size, map. Prints the sum of all bytes. */
const LOAD = `
import mmap, os, sys
total = 0
for i in range(3):
    fd = os.open(sys.argv[1], os.O_RDONLY)
    os.read(fd, 832)
    size = os.fstat(fd).st_size
    with mmap.mmap(fd, size, prot=mmap.PROT_READ) as mapped: total += sum(mapped[::4096])
    os.close(fd)
print(total)`;

describe('ops: the data of files on flash', function () {
  this.timeout(60_000);
  needsMount();

  let root: MountedRoot;

  before(async () => {
    root = new MountedRoot({ config: { mode: 'capture' } });
    writeFileSync(`${root.flash}/small`, Buffer.alloc(MIB, 1));
    writeFileSync(`${root.flash}/big`, Buffer.alloc(4 * MIB, 1));
    writeFileSync(`${root.flash}/written`, Buffer.alloc(MIB, 1));
    await root.start();
    const { passthrough } = (await root.status()) as Status;
    assert.ok(passthrough, 'this kernel passes nothing through');
  });

  after(async () => {
    await root.stop();
    assert.deepEqual(root.warnings, []);
    await root[Symbol.asyncDispose]();
  });

  async function asked(script: string, ...words: string[]): Promise<(operation: string) => number> {
    const before = ((await root.status()) as Status).operations;
    const count = Number(shell(root.mountpoint, `python3 -c '${script}' ${words.join(' ')}`));
    assert.ok(count > 0);
    const { operations } = (await root.status()) as Status;
    return (name) => (operations[name]?.count ?? 0) - (before[name]?.count ?? 0);
  }

  it('of a small one are served: read once, and its attributes are not asked for after each use', async () => {
    const made = await asked(LOAD, 'small');
    assert.equal(made('open'), 3);
    assert.ok(made('read') > 0);
    const again = await asked(LOAD, 'small');
    assert.equal(again('read'), 0);
    assert.ok(again('getattr') <= 1, `${String(again('getattr'))} times`);
  });

  it('of a big one are passed through', async () => {
    const made = await asked(LOAD, 'big');
    assert.equal(made('open'), 3);
    assert.equal(made('read'), 0);
  });

  it('of a small one that is opened to write are passed through, and its readers see what was written', async () => {
    assert.ok((await asked(LOAD, 'written'))('read') > 0);
    const made = await asked(
      `f = open("written", "r+b"); f.write(bytes([2]) * ${String(MIB)}); f.close(); print(sum(open("written", "rb").read()[::4096]) // 512)`,
    );
    assert.equal(made('write'), 0);
    assert.equal(shell(root.mountpoint, 'tr -d "\\002" <written | wc -c').trim(), '0');
  });
});
