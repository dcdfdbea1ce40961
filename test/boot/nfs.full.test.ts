// Disk is on an NFS server, which goes away while the system runs. Guards against an initramfs that cannot mount it, and against a system that is lost with it
// though flash has what it needs.

import assert from 'node:assert/strict';
import { dirname } from 'node:path';
import { needsMount } from '../mounted-root.ts';
import { Boots, isWhole, logIn, run, tell } from './boots.ts';
import { bootable } from './debian.ts';
import { NfsServer } from './nfs-server.ts';

const PATIENCE_MS = 600_000;
/** A server that does not answer is waited for without end; it is asked for nothing that is known. */
const FLAGS = 'ro,hard,nocto,acregmin=3600,acregmax=3600,acdirmin=3600,acdirmax=3600';
/** What is run without disk has to be on flash. */
const USE =
  'rootsync detach --help >/dev/null && rootsync status >/dev/null && rootsync mode && systemctl restart nginx';

describe('a Debian booted with disk on an NFS server', function () {
  this.timeout(1_800_000);
  needsMount();

  it('captures; in the next boot the server goes, who needs it waits, and detach has the system go on with what flash has', async () => {
    const debian = bootable();
    const boots = new Boots(debian);
    await boots.mounted(debian.disk, 'ro', async (dir) => {
      await using server = await NfsServer.start(dir, dirname(dir));
      const { network } = server;
      const drives = [{ file: boots.flash() }];
      const words = `boot=rootsync rootsync.flash=LABEL=flash rootsync.disk=nfs:10.0.2.2:${dir} rootsync.diskflags=${FLAGS} ip=dhcp`;
      const captured = await boots.boot(words, drives, [USE], { network });
      tell('capture', captured);
      isWhole(captured, 'fuse.rootsync');
      assert.match(captured.report.get('mount')?.join('\n') ?? '', /^\/media\/disk nfs ro/m);
      const machine = boots.machine({ words, drives, network });
      try {
        await logIn(machine);
        // Where the shell and node look for things has to be known by then.
        await run(machine, USE);
        server.vanish();
        await run(machine, 'rootsync mode');
        // Nobody has asked for this yet.
        machine.type('cat /usr/share/doc/bash/copyright & waiter=$!');
        await run(machine, 'until [[ "$(rootsync status)" = *"DOES NOT ANSWER"* ]]; do :; done');
        await run(machine, 'kill -KILL $waiter; ! wait $waiter');
        await run(machine, 'rootsync detach && [ "$(rootsync mode)" = rehearse ]');
        await run(machine, 'systemctl restart nginx && systemctl is-active nginx');
        machine.type('systemctl --no-block poweroff');
        await machine.off(PATIENCE_MS);
      } finally {
        await machine.cut();
      }
    });
  });
});
