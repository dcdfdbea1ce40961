// The package's export: the control protocol's types and a client for a live mount. `rootsync/fuse` is the FUSE binding.

export { ClientError, ControlClient, connectToMount } from './control/client.ts';
export { liveMounts, selectMount, type MountEntry } from './control/mounts.ts';
export * from './control/protocol.ts';
