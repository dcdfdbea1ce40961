// examples/hello.ts on real mounts: as root, in a user namespace, ended in every way that a user has.

import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Server, isMounted, needsFuse, place, sh } from './mounted.ts';

const hello = fileURLToPath(new URL('../../examples/hello.js', import.meta.url));

describe('examples/hello', () => {
  needsFuse();
  const here = place();

  async function started(): Promise<Server> {
    const server = new Server(process.execPath, [hello, here.mountpoint]);
    await server.says('hello is mounted');
    return server;
  }

  it('shows its file, and ends when it is unmounted', async () => {
    const server = await started();
    const list = await sh(
      'ls -la "$1"; cat "$1/hello"; cat "$1/nope"; grep " $1 " /proc/self/mountinfo',
      here.mountpoint,
    );
    assert.match(list.stdout, /-rw-r--r-- 1 root root +14 .* hello\n/);
    assert.match(list.stdout, /Hello, world!\n/);
    assert.match(list.stdout, /- fuse\.hello hello rw,/);
    assert.doesNotMatch(list.stdout, /nosuid|nodev/);
    assert.match(list.stderr, /No such file/);
    assert.equal((await sh('umount "$1"', here.mountpoint)).status, 0);
    assert.equal(await server.ends(), 0);
  });

  it('ends on SIGINT and SIGTERM, and leaves no mount', async () => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      const server = await started();
      assert.equal(await server.ends(signal), 0, signal);
      assert.equal(isMounted(here.mountpoint), false);
    }
  });

  it('serves whoever has a file open to the end, after the mount is gone from the tree', async () => {
    const server = await started();
    const file = await open(`${here.mountpoint}/hello`);
    server.child.kill('SIGTERM');
    while (isMounted(here.mountpoint)) await file.stat();
    assert.equal((await file.readFile()).toString(), 'Hello, world!\n');
    await file.close();
    assert.equal(await server.ends(), 0);
  });

  it('runs in a user namespace of an ordinary user who may open /dev/fuse', async () => {
    chmodSync(here.dir, 0o755);
    const script = `
      set -e
      mknod "$1/fuse" c 10 229; chmod 666 "$1/fuse"; mount --bind "$1/fuse" /dev/fuse
      exec setpriv --reuid 1234 --regid 1234 --clear-groups unshare -rm sh -c '
        mount -t tmpfs none "$1/mnt"
        "$2" "$3" "$1/mnt" & server=$!
        while ! grep -q fuse.hello /proc/self/mountinfo; do kill -0 $server || exit 9; sleep 0.05; done
        cat "$1/mnt/hello"; stat -c "%U %a %s" "$1/mnt/hello"; umount "$1/mnt"; wait $server; echo status $?
      ' sh "$@"`;
    const ran = await sh(
      `unshare -m --propagation private sh -c '${script.replaceAll("'", `'"'"'`)}' sh "$@"`,
      here.dir,
      process.execPath,
      hello,
    );
    assert.equal(ran.stderr, '');
    // The server's own line comes when it comes.
    const said = ran.stdout.split('\n').filter((line) => !line.startsWith('hello is mounted'));
    assert.deepEqual(said, ['Hello, world!', 'root 644 14', 'status 0', '']);
  });

  it('says what is missing, with no mount left', async () => {
    const fails = async (setup: string, message: RegExp): Promise<void> => {
      const script = `${setup}; exec "$1" "$2" "$3"`;
      const ran = await sh(
        `exec unshare -m --propagation private sh -c '${script}' sh "$@"`,
        process.execPath,
        hello,
        here.mountpoint,
      );
      assert.equal(ran.status, 1, ran.stdout + ran.stderr);
      assert.match(ran.stderr, message);
    };
    await fails('mount -t tmpfs none /dev', /hello: there is no \/dev\/fuse \(ENOENT\)/);
    await fails('set -- "$1" "$2" "$3/none"', /hello: the mountpoint .*none does not exist \(ENOENT\)/);
    await fails('set -- "$1" "$2" "$1"', /hello: the mountpoint .*node is not a directory \(ENOTDIR\)/);
    const asNobody = 'exec setpriv --reuid 1234 --regid 1234 --clear-groups';
    chmodSync(here.dir, 0o755);
    const node = (mode: string): string =>
      `mknod "$3/fuse" c 10 229; chmod ${mode} "$3/fuse"; mount --bind "$3/fuse" /dev/fuse; rm "$3/fuse"; mkdir -p "$3/m"`;
    await fails(
      `${node('600')}; ${asNobody} "$1" "$2" "$3/m"`,
      /hello: \/dev\/fuse may not be opened \(EACCES\): run as root/,
    );
    await fails(
      `${node('666')}; ${asNobody} "$1" "$2" "$3/m"`,
      /hello: mounting on .*m is not permitted \(EPERM\): run as root/,
    );
    assert.equal((await sh('ls "$1"', here.dir)).status, 0);
  });
});
