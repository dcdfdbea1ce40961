// Whether this process may speak to the kernel's FUSE at all, said before a mount is tried.

import { closeSync, openSync } from 'node:fs';
import { StartError } from './start-error.ts';

const DEVICE = '/dev/fuse';

/** Opens and closes the device. */
export function checkFuseDevice(): StartError | undefined {
  try {
    closeSync(openSync(DEVICE, 'r+'));
    return undefined;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    return new StartError('no-fuse', `${DEVICE}: ${REMEDIES.get(code) ?? (error as Error).message}`);
  }
}

const REMEDIES = new Map([
  ['ENOENT', 'missing: load the module (modprobe fuse), or pass the device into this container'],
  ['ENODEV', 'the kernel has no FUSE: load the module (modprobe fuse)'],
  ['ENXIO', 'the kernel has no FUSE: load the module (modprobe fuse)'],
  ['EACCES', 'permission denied: its mode must be 0666 for ordinary users (chmod 0666 /dev/fuse, as root)'],
  ['EPERM', 'not permitted here (a container needs --device /dev/fuse)'],
]);
