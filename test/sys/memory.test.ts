import { EACCES } from '../../src/errno.ts';
import { asBytes } from '../../src/bytes.ts';
import { tryMapShared } from '../../src/sys/memory.ts';
import { O_RDONLY, O_RDWR, close, openat } from '../../src/sys/open.ts';
import { fails, makeFile, ok, place } from './place.ts';

describe('sys/memory', () => {
  const here = place();

  it('maps a file shared and writable, and says why it cannot', () => {
    makeFile(here.fd, asBytes('f'), 'content');
    for (const [flags, check] of [
      [O_RDWR, ok],
      [
        O_RDONLY,
        (returned: number) => {
          fails(returned, EACCES);
        },
      ],
    ] as const) {
      const fd = ok(openat(here.fd, asBytes('f'), flags));
      check(tryMapShared(fd, 4096));
      ok(close(fd));
    }
  });
});
