// Where a change goes. Pure: facts in, decision out.

import type { Mode } from './mode.ts';

/**
 * `flash`: on flash, disk is never touched. `disk`: on disk in place, and on flash's copy of the path where flash has one. `spill`: as
 * `flash`, for a path that belongs on disk, which takes no changes now; logged once per path.
 */
export type Route = 'flash' | 'disk' | 'spill';

/**
 * The route of a change to one path. `diskWritable`: disk is mounted writable and attached. Upgrade without a writable disk is refused
 * when the mode is asked for; should disk turn read-only later, its changes still go there and fail with EROFS.
 */
export function route(mode: Mode, excluded: boolean, diskWritable: boolean): Route {
  switch (mode) {
    case 'capture':
    case 'hold':
      return excluded ? (diskWritable ? 'disk' : 'spill') : 'flash';
    case 'upgrade':
      return excluded && !diskWritable ? 'spill' : 'disk';
    case 'rehearse':
      return excluded ? 'spill' : 'flash';
  }
}
