import assert from 'node:assert/strict';
import { mountedOn } from '../../src/daemon/all-mounts.ts';

const TAIL = 'rw - fuse.rootsync rootsync rw';

describe('daemon/all-mounts', () => {
  const table = (...lines: string[]): string => lines.map((line) => `${line} ${TAIL}\n`).join('');

  it('finds what is mounted on the merged root itself, wherever that shows', () => {
    const at = table('20 1 8:1 / /', '30 20 0:50 / /mnt', '31 30 0:60 / /mnt/proc', '32 31 0:61 / /mnt/proc/sys/x');
    assert.deepEqual(mountedOn('0:50', at), ['proc']);
    const asRoot = table('30 30 0:50 / /', '31 30 0:60 / /proc', '32 30 0:61 /x /usr/lib\\040a');
    assert.deepEqual(mountedOn('0:50', asRoot), ['proc', 'usr/lib a']);
  });

  it('follows bind mounts of a part of it', () => {
    const bound = table('20 1 8:1 / /', '30 20 0:50 /srv/www /data', '31 30 0:60 / /data/cache');
    assert.deepEqual(mountedOn('0:50', bound), ['srv/www/cache']);
  });

  it('takes no harm from lines that are cut off', () => {
    assert.deepEqual(mountedOn('0:50', '30 20 0:50\n31 30'), []);
  });
});
