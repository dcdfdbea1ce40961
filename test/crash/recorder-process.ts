// The recorder in a process of its own: recorder-process.js MOUNTPOINT, with the files in the environment. Says `ready`, and ends when it is
// unmounted or whoever started it has gone.

import { serve } from '../../src/fuse/index.ts';

const serving = await serve(process.argv[2] ?? '', new URL('./recorder-fs.js', import.meta.url), {
  source: 'recorder',
  subtype: 'recorder',
});
if ('reason' in serving) {
  console.error(serving.reason);
  process.exit(1);
}
process.on('disconnect', () => serving.unmount(true));
process.send?.('ready');
await serving.ended;
process.exit(0);
