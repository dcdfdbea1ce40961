// Flash on the filesystems of raw flash, jffs2 and ubifs: a Debian boots from the merged root, then from flash alone. Guards against a capture that trips over what
// they lack, and against losses that nobody is told of.

import assert from 'node:assert/strict';
import { needsMount } from '../mounted-root.ts';
import { Boots, isWhole, tell } from './boots.ts';
import type { Booted } from './boots.ts';
import { bootable } from './debian.ts';
import { FLASH_KINDS, rootInFstab } from './flash-kinds.ts';
import { LONG_NAME, oddObjects, oddSums, parseOddObject, plantOddObjects } from './odd-objects.ts';

const MERGED = 'boot=rootsync rootsync.disk=LABEL=disk';

/** What is told of what was lost, and what of the odd objects is otherwise on flash than on disk (undefined: it is not there). */
interface Losses {
  readonly told: readonly string[];
  readonly otherwise: Readonly<Record<string, Readonly<Record<string, string>> | undefined>>;
  readonly xattrs: readonly string[];
}

const LOSSES: Readonly<Record<keyof typeof FLASH_KINDS, Losses>> = {
  jffs2: {
    told: [
      '/srv/odd/ancient time: range',
      '/srv/odd/long-target not captured: ENAMETOOLONG',
      `/srv/odd/${LONG_NAME} not captured: ENAMETOOLONG`,
      '/srv/odd/owned group: 16 bit',
      '/srv/odd/owned mode: follows owner',
      '/srv/odd/owned owner: 16 bit',
    ],
    otherwise: {
      ancient: { mtime: '0' },
      owned: { uid: '65534', gid: '65534', mode: '755' },
      'long-target': undefined,
      [LONG_NAME]: undefined,
    },
    xattrs: [
      'acl system.posix_acl_access 44',
      'capable security.capability 20',
      'inheriting system.posix_acl_default 44',
      'labelled user.long 3000',
    ],
  },
  ubifs: {
    told: [
      '/srv/odd/acl acl: EOPNOTSUPP',
      '/srv/odd/inheriting default-acl: EOPNOTSUPP',
      // Debian's own.
      '/var/log/journal acl: EOPNOTSUPP',
      '/var/log/journal default-acl: EOPNOTSUPP',
    ],
    otherwise: {},
    xattrs: ['capable security.capability 20', 'labelled user.long 3000'],
  },
};

for (const type of ['jffs2', 'ubifs'] as const)
  describe(`a Debian whose flash is ${type}`, function () {
    this.timeout(1_800_000);
    needsMount();
    const { format, merged, alone, source } = FLASH_KINDS[type];
    let boots: Boots;
    let disk = '';
    let flash = '';
    let last: Booted;

    before(async () => {
      boots = new Boots(bootable());
      disk = boots.disk();
      await boots.mounted(disk, 'rw', plantOddObjects);
      flash = boots.flash(256, format);
    });

    it('captures: no unit fails, a service answers', async () => {
      const commands = [
        rootInFstab(source, type),
        'odd-objects use /media/flash/.rootsync/log/events.jsonl >/dev/ttyS1',
      ];
      const first = await boots.boot(`${MERGED} ${merged}`, [{ file: flash }, { file: disk }], commands);
      tell('capture', first);
      isWhole(first, 'fuse.rootsync');
      const mounts = first.report.get('mount') ?? [];
      assert(
        mounts.some((line) => line.startsWith(`/media/flash ${type} rw`)),
        mounts.join('\n'),
      );
    });

    it('boots from flash alone', async () => {
      const commands = ['odd-objects report /.rootsync/log/events.jsonl >/dev/ttyS1'];
      last = await boots.boot(alone, [{ file: flash, snapshot: true }], commands);
      tell('flash alone', last);
      isWhole(last, type);
    });

    it('has what it can hold of every object', () => {
      const { otherwise, xattrs } = LOSSES[type];
      const expected = boots.look(disk, oddObjects).flatMap((object) => {
        const { name } = object;
        if (name in otherwise && otherwise[name] === undefined) return [];
        // This one was changed after it was captured.
        return [{ ...object, ...(name === 'mapped' ? { mtime: '' } : {}), ...otherwise[name] }];
      });
      const found = (last.report.get('odd') ?? []).map(parseOddObject).map(({ mtime, ...object }) => ({
        ...object,
        mtime: object.name === 'mapped' ? '' : mtime,
      }));
      assert.deepEqual(found, expected);
      assert.deepEqual(last.report.get('xattr'), xattrs);
      assert.deepEqual(last.report.get('sum'), boots.look(disk, oddSums));
      assert.deepEqual(last.report.get('mapped'), ['plain']);
    });

    it('tells what it cannot hold, and nothing else', () => {
      const told = (last.report.get('event') ?? []).map((line) => {
        const { path, reason } = JSON.parse(line) as { path: string; reason: string };
        return `${path} ${reason}`;
      });
      // Once for all objects.
      assert.equal(told.filter((line) => line.endsWith(' time: seconds')).length, 1);
      assert.deepEqual(told.filter((line) => !line.endsWith(' time: seconds')).sort(), [...LOSSES[type].told].sort());
    });
  });
