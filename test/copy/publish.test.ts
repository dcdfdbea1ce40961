import assert from 'node:assert/strict';
import { lstatSync, mkdirSync, readFileSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { asBytes } from '../../src/bytes.ts';
import { EEXIST, ENOENT, ENOTDIR } from '../../src/errno.ts';
import { publish } from '../../src/copy/publish.ts';
import { O_DIRECTORY, O_PATH, close, openat } from '../../src/sys/open.ts';
import { fails, makeFile, ok, place } from '../sys/place.ts';

const [STAGED, NAME] = [asBytes('s1'), asBytes('name')];

describe('copy/publish', () => {
  let stage = -1;
  let dir = -1;
  // Before place's own, which looks for descriptors left open.
  afterEach(() => {
    ok(close(stage));
    ok(close(dir));
  });
  const here = place();
  const options = { replace: false, keepParentTimes: false, features: { renameNoreplace: true } };
  const times = (): bigint[] => {
    const stat = lstatSync(`${here.dir}/dir`, { bigint: true });
    return [stat.atimeNs, stat.mtimeNs];
  };

  beforeEach(() => {
    mkdirSync(`${here.dir}/stage`);
    mkdirSync(`${here.dir}/dir`);
    stage = ok(openat(here.fd, asBytes('stage'), O_PATH | O_DIRECTORY));
    dir = ok(openat(here.fd, asBytes('dir'), O_PATH | O_DIRECTORY));
    makeFile(stage, STAGED, 'new');
  });

  for (const renameNoreplace of [true, false]) {
    it(`gives a name that is free, and replaces only when asked to (RENAME_NOREPLACE: ${renameNoreplace})`, () => {
      const here_ = { ...options, features: { renameNoreplace } };
      writeFileSync(`${here.dir}/dir/name`, 'old');
      fails(publish(stage, STAGED, dir, NAME, here_), EEXIST);
      assert.equal(readFileSync(`${here.dir}/dir/name`, 'utf8'), 'old');
      assert.equal(readFileSync(`${here.dir}/stage/s1`, 'utf8'), 'new');
      ok(publish(stage, STAGED, dir, asBytes('free\xff'), here_));
      makeFile(stage, STAGED, 'newer');
      ok(publish(stage, STAGED, dir, NAME, { ...here_, replace: true }));
      assert.equal(readFileSync(`${here.dir}/dir/name`, 'utf8'), 'newer');
      assert.deepEqual(readdirSync(`${here.dir}/stage`), []);
      fails(publish(stage, STAGED, dir, asBytes('none'), here_), ENOENT);
    });
  }

  it('publishes directories, and never one over a file or the other way round', () => {
    mkdirSync(`${here.dir}/stage/s2`);
    ok(publish(stage, asBytes('s2'), dir, NAME, options));
    assert.ok(lstatSync(`${here.dir}/dir/name`).isDirectory());
    mkdirSync(`${here.dir}/stage/s3`);
    writeFileSync(`${here.dir}/dir/file`, '');
    fails(publish(stage, asBytes('s3'), dir, asBytes('file'), { ...options, replace: true }), ENOTDIR);
  });

  it('leaves the directory’s times as they were, to the nanosecond, only when asked to', () => {
    utimesSync(`${here.dir}/dir`, 1000000.25, 999.125);
    const before = times();
    ok(publish(stage, STAGED, dir, NAME, { ...options, keepParentTimes: true }));
    assert.deepEqual(times(), before);
    makeFile(stage, STAGED, '');
    ok(publish(stage, STAGED, dir, asBytes('other'), options));
    assert.notDeepEqual(times(), before);
  });
});
