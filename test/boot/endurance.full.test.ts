// What a root must survive: more processes than there were ever before, systemd starting itself anew, no memory left, one end and one start anew after the other. Guards against a
// daemon that is killed, starves or waits for itself. Takes an hour and more.

import { needsMount } from '../mounted-root.ts';
import { Boots, CAPTURE, isWhole } from './boots.ts';
import { bootable } from './debian.ts';

const TIMES = 10;

describe('a root that endures', function () {
  this.timeout(1_800_000);
  needsMount();
  let boots: Boots;
  let drives: { file: string }[] = [];

  before(() => {
    boots = new Boots(bootable());
    drives = [{ file: boots.flash() }, { file: boots.disk() }];
  });

  for (const [name, command] of Object.entries({
    '10,000 processes': 'for i in $(seq 10000); do /bin/true || exit; done',
    'systemd starts itself anew': 'for i in 1 2 3; do systemctl daemon-reexec || exit; done',
    // tail keeps all of a line that never ends. A unit of its own: systemd would end the login session with it.
    'no memory left': '! systemd-run --quiet --wait --collect tail /dev/zero',
    'disk goes and comes back': [
      // What is run without disk has to be on flash.
      'cd /mnt && cd && umount --version && mount --version && rootsync attach --help && rootsync sync && rootsync detach --wait=60',
      // With dracut, nothing of what the initramfs had mounted is left.
      'umount -lcn /proc/$(pgrep -f ^@rootsync)/root/proc',
      'umount /media/disk && mount -o rw /dev/vdb /mnt && umount /mnt && mount -o ro /dev/vdb /media/disk && rootsync attach',
      '[ "$(rootsync mode)" = capture ]',
    ].join(' && '),
    'names that come and go':
      'for i in $(seq 2000); do echo $i >/srv/$i && mv /srv/$i /srv/x && rm /srv/x || exit; done',
  })) {
    it(name, async () => {
      isWhole(await boots.boot(CAPTURE, drives, [`(${command})`]), 'fuse.rootsync');
    });
  }

  for (const end of ['poweroff', 'reboot'] as const) {
    for (let n = 1; n <= TIMES; n++) {
      it(`${end} ${n} of ${TIMES}`, async () => {
        isWhole(await boots.boot(CAPTURE, drives, [], { end }), 'fuse.rootsync');
      });
    }
  }
});
