import { inThread } from './thread.ts';
import { asBytes } from '../../src/bytes.ts';
import { ENOTTY } from '../../src/errno.ts';
import { backingClose, backingOpen } from '../../src/sys/fuse-dev.ts';
import { O_RDWR, close, openat } from '../../src/sys/open.ts';
import { fails, makeFile, ok, place } from './place.ts';

describe('sys/fuse-dev', () => {
  const here = place();

  it('registers backing files with a mounted connection, takes them back, and makes a second queue', async function () {
    if ((await inThread('./mount-thread.js', 'device', here.dir)) === 'skip') this.skip();
  });

  it('returns an errno for a descriptor that is no FUSE device', () => {
    makeFile(here.fd, asBytes('f'));
    const fd = ok(openat(here.fd, asBytes('f'), O_RDWR));
    fails(backingOpen(fd, fd), ENOTTY);
    fails(backingClose(fd, 1), ENOTTY);
    ok(close(fd));
  });
});
