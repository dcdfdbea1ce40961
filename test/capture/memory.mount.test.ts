// What a big tree costs of the daemon's memory, and that it comes back. Guards against a node that grows (a root filesystem's daemon is never
// restarted, and keeps what the kernel keeps) and against references that are never dropped.

import assert from 'node:assert/strict';
import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import type { Status } from '../../src/control/protocol.ts';
import { image } from '../copy/images.ts';
import { MountedRoot, needsMount } from '../mounted-root.ts';
import { shell } from './inside.ts';

const OBJECTS = 200_000;
const PER_DIRECTORY = 1_000;
/** Bytes of collected heap per node beyond the base. */
const MOST_HEAP = 400;
/** Resident bytes per node, garbage included; told rather than promised, but not to be many times the heap. */
const MOST_RSS = 1_600;

describe('memory', function () {
  this.timeout(180_000);
  needsMount();
  const disk = image('tmpfs', { size: '1G' });

  before(function () {
    this.timeout(120_000);
    for (let dir = 0; dir < OBJECTS / PER_DIRECTORY; dir++) {
      mkdirSync(`${disk.dir}/directory-${dir}`);
      // With a node of its own each, and names as long as a Debian's.
      for (let i = 1; i < PER_DIRECTORY; i++) closeSync(openSync(`${disk.dir}/directory-${dir}/file-name-${i}`, 'w'));
    }
  });

  it('a cached node takes at most 400 bytes of heap, and gives them back when the kernel forgets it', async function () {
    await using root = new MountedRoot({ disk: disk.dir, execArgv: ['--expose-gc'] });
    await root.start();
    const status = async (): Promise<Status> => (await root.status()) as Status;
    const base = await status();
    let full = base;
    let nodes = 0;
    // Again where this machine was short of memory meanwhile, or somebody dropped its caches.
    for (let round = 0; round < 5 && nodes < OBJECTS; round++) {
      assert.equal(Number(shell(root.mountpoint, "find . -printf '%s\\n' | wc -l")), OBJECTS + 1);
      await root.settle();
      full = await status();
      nodes = full.counts.nodes - base.counts.nodes;
    }
    assert.ok(nodes >= OBJECTS, `the kernel holds ${nodes} nodes`);
    const heap = (full.memory.heapUsed - base.memory.heapUsed) / nodes;
    const rss = (full.memory.rss - base.memory.rss) / nodes;
    this.test!.title += ` (${nodes} nodes: ${heap.toFixed(0)} bytes of heap, ${rss.toFixed(0)} resident each)`;
    assert.ok(heap <= MOST_HEAP, `${heap} bytes of heap per node`);
    assert.ok(rss <= MOST_RSS, `${rss} resident bytes per node`);

    // As memory pressure does; other mounts of this machine lose their caches, too, and nothing else.
    shell('/', 'sync; echo 3 >/proc/sys/vm/drop_caches');
    const empty = await status();
    assert.ok(empty.counts.nodes < nodes / 20, `${empty.counts.nodes} nodes are left`);
    const left = empty.memory.heapUsed - base.memory.heapUsed;
    assert.ok(left < (full.memory.heapUsed - base.memory.heapUsed) / 4, `${left} bytes of heap are left`);
    assert.equal(Number(shell(root.mountpoint, 'find . | wc -l')), OBJECTS + 1);
    await root.stop();
    assert.deepEqual(root.warnings, []);
  });

  it('a file that is opened and closed leaves nothing behind', async () => {
    await using root = new MountedRoot({ execArgv: ['--expose-gc'] });
    writeFileSync(`${root.disk}/file`, 'content');
    await root.start();
    const opens = (count: number): string =>
      shell(
        root.mountpoint,
        `perl -e 'for (1 .. ${count}) { sysopen(my $f, "file", 0) or die; sysread($f, my $b, 9) }'`,
      );
    opens(1_000);
    await root.settle();
    const before_ = (await root.status()) as Status;
    opens(50_000);
    const after_ = (await root.status()) as Status;
    const grown = after_.memory.heapUsed - before_.memory.heapUsed;
    assert.ok(grown < 1 << 20, `${grown} bytes for 50,000 opens`);
    assert.equal(after_.counts.openFiles, 0);
    await root.stop();
  });
});
