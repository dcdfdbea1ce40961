import { inThread } from './thread.ts';
import { asBytes } from '../../src/bytes.ts';
import { ENOENT } from '../../src/errno.ts';
import { statfs, umount2 } from '../../src/sys/mount.ts';
import { fails, place } from './place.ts';

describe('sys/mount', () => {
  const here = place();
  const scenario = (name: string) =>
    async function (this: Mocha.Context) {
      if ((await inThread('./mount-thread.js', name, here.dir)) === 'skip') this.skip();
    };

  it('mounts and unmounts at any name, and tells a filesystem’s numbers', scenario('filesystems'));
  it('binds, remounts, moves, and passes no type or options where there are none', scenario('bindings'));
  it('clones a view that mounts on top do not show in, makes it read-only, attaches it', scenario('clones'));
  it('returns an errno for a path that is not there', () => {
    fails(statfs(asBytes(`${here.dir}/none`)), ENOENT);
    fails(umount2(asBytes(`${here.dir}/none`)), ENOENT);
  });
});
