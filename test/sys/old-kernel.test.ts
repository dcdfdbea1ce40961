import { place } from './place.ts';
import { inThread } from './thread.ts';

describe('sys on an older kernel', () => {
  const here = place();

  it('does by other means what newer system calls do', async () => {
    await inThread('./old-kernel-thread.js', 'fallbacks', here.dir);
  });
});
