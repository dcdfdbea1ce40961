// What stage.test.ts does as an owner whom permissions bind: the thread gives up the capabilities that pass over them.

import assert from 'node:assert/strict';
import { asBytes } from '../../src/bytes.ts';
import { EACCES } from '../../src/errno.ts';
import { openStage } from '../../src/copy/stage.ts';
import { AT_FDCWD } from '../../src/sys/at.ts';
import { chmodAt } from '../../src/sys/attr.ts';
import { mkdirat } from '../../src/sys/link.ts';
import { O_DIRECTORY, O_RDONLY, close, openat } from '../../src/sys/open.ts';
import { capget, capset } from '../../src/sys/process.ts';
import { fails, got, makeFile, ok } from '../sys/place.ts';
import { serve } from '../sys/thread.ts';

const CAP_DAC_OVERRIDE = 1n << 1n;
const CAP_DAC_READ_SEARCH = 1n << 2n;

serve({
  sweep: (dir) => {
    const capabilities = got(capget());
    const effective = capabilities.effective & ~(CAP_DAC_OVERRIDE | CAP_DAC_READ_SEARCH);
    if (capset({ ...capabilities, effective }) < 0) return 'skip';
    const fd = ok(openat(AT_FDCWD, asBytes(dir), O_RDONLY | O_DIRECTORY));
    const stage = got(openStage(fd, asBytes('stage')));
    const names = ['a', 'a/b', 'a/b/c', 'a/readable', 'a/readable/d', 'readable', 'readable/e'].map(asBytes);
    for (const name of names) {
      ok(mkdirat(stage.fd, name, 0o700));
      makeFile(stage.fd, asBytes(`${name}/f`));
    }
    for (const name of names.reverse()) ok(chmodAt(stage.fd, name, name.endsWith('readable') ? 0o500 : 0));
    fails(openat(stage.fd, asBytes('a'), O_RDONLY), EACCES);
    assert.deepEqual(stage.sweep(), { removed: 14, left: 0, err: 0 });
    stage.close();
    ok(close(fd));
    return 'done';
  },
});
