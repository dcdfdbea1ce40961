// The double in a process of its own, so that who waits for it never waits for itself. Started by fork with the mountpoint as its argument;
// says `mounted` or why not, and unmounts when it is told anything, or when who started it has gone.

import { serve } from '../../src/fuse/index.ts';
import { TYPES } from './flash-types.ts';

const mountpoint = process.argv[2] ?? '';
const limits = TYPES[process.env['ROOTSYNC_DOUBLE'] ?? ''];
const serving = await serve(mountpoint, new URL('./small-flash.js', import.meta.url), {
  source: 'double',
  subtype: 'double',
  wants: {
    without: [
      'FUSE_PASSTHROUGH',
      'FUSE_ATOMIC_O_TRUNC',
      ...(limits?.sharedMmap === false ? (['FUSE_DIRECT_IO_ALLOW_MMAP'] as const) : []),
      ...(limits?.acl === false ? (['FUSE_POSIX_ACL'] as const) : []),
    ],
  },
  onBug: (what) => {
    console.error(`double: ${what}`);
  },
});
if ('reason' in serving) {
  process.send?.(serving.reason);
  process.exit(1);
}
for (const event of ['message', 'disconnect']) process.on(event, () => serving.unmount(true));
process.send?.('mounted');
await serving.ended;
process.exit(0);
