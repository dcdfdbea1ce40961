import assert from 'node:assert/strict';
import { display } from '../../src/bytes.ts';
import { liveMounts, parseMountinfo, readMounts, selectMount } from '../../src/control/mounts.ts';

const ROOTSYNC = 'fuse.rootsync rootsync rw,user_id=0,group_id=0,default_permissions';
const MOUNTINFO = `\
22 27 0:21 / /proc rw,relatime - proc proc rw
30 27 254:0 / / rw,relatime shared:1 master:2 - ext4 /dev/vda rw,discard
51 27 0:50 / /mnt/a rw,relatime shared:7 - ${ROOTSYNC}
52 27 0:51 / /mnt/a/b\\040c\\011\\134\\043 rw - fuse.rootsync rootsync rw,user_id=1000,group_id=1000
53 27 0:52 / /mnt/ab rw - ${ROOTSYNC}
54 27 0:53 / /mnt/\xff rw - ${ROOTSYNC}
55 27 0:54 / /mnt/covered rw - ${ROOTSYNC}
56 27 0:55 / /mnt/covered rw - tmpfs tmpfs rw
57 27 0:56 / /mnt/other rw - fuse.sshfs host rw,user_id=7
torn line
`;

describe('control/mounts', () => {
  const mounts = liveMounts(parseMountinfo(MOUNTINFO));
  const select = (wanted?: string, cwd?: string, among = mounts): string => {
    const found = selectMount(among, wanted, cwd);
    return 'message' in found ? found.message : display(found.mountpoint);
  };

  it('finds our mounts, and not those that are covered', () => {
    assert.deepEqual(
      mounts.map(({ device, mountpoint, owner }) => [device, mountpoint, owner]),
      [
        ['0:50', '/mnt/a', 0],
        ['0:51', '/mnt/a/b c\t\\#', 1000],
        ['0:52', '/mnt/ab', 0],
        ['0:53', '/mnt/\xff', 0],
      ],
    );
  });

  it("reads this machine's own", () => {
    assert.ok(readMounts().some(({ mountpoint, type }) => mountpoint === '/proc' && type === 'proc'));
  });

  it('chooses the one that is named, or that holds what is named', () => {
    assert.equal(select('/mnt/a', '/mnt/ab'), '/mnt/a');
    assert.equal(select('/mnt/a/x/y'), '/mnt/a');
    assert.equal(select('/mnt/a/b c\t\\#/z'), '/mnt/a/b c\t\\#');
    assert.equal(select('/mnt/ab'), '/mnt/ab');
  });

  it('chooses the only one, or the one around the working directory', () => {
    assert.equal(select(undefined, '/', mounts.slice(2, 3)), '/mnt/ab');
    assert.equal(select(undefined, '/mnt/a/deep/er'), '/mnt/a');
    assert.equal(select(undefined, '/mnt/abc', mounts.slice(2, 3)), '/mnt/ab');
  });

  it('else lists them', () => {
    assert.match(select(undefined, '/mnt/abc'), /several.*--mount DIR\n {2}\/mnt\/a\n(.*\n)*.*\\xff/);
    assert.match(select(undefined, undefined), /several/);
    assert.match(select('/mnt'), /no rootsync mount at \/mnt\n {2}\/mnt\/a/);
    assert.match(select('/mnt', '/', []), /there is none/);
    assert.match(select(undefined, '/', []), /no rootsync mount here/);
  });

  it('takes a merged root that is / for every path', () => {
    const root = parseMountinfo(`60 1 0:60 / / rw - ${ROOTSYNC}\n`);
    assert.equal(select('/etc', undefined, root), '/');
    assert.equal(select(undefined, '/mnt/a/x', [...root, ...mounts]), '/mnt/a');
  });
});
