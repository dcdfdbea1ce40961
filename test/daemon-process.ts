// A daemon for tests, in a process of its own, so that a mount that hangs can be ended from outside. It is started by fork, is given
// the configuration as its argument, and takes orders as messages.

import { startDaemon } from '../src/daemon/daemon.ts';
import type { Daemon } from '../src/daemon/daemon-api.ts';
import type { MountConfig } from '../src/daemon/config.ts';
import type { Mode } from '../src/policy/mode.ts';
import { StartError } from '../src/daemon/start-error.ts';

/** What the test asks for; each is answered by one message. */
export type DaemonOrder = 'settle' | 'status' | 'unmount' | { readonly mode: Mode };

/** What the daemon's process says. */
export type DaemonNews =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly why: string }
  | { readonly kind: 'warning'; readonly what: string }
  | { readonly kind: 'done'; readonly value: unknown };

function say(news: DaemonNews): void {
  process.send?.(news);
}

async function obey(daemon: Daemon, order: DaemonOrder): Promise<unknown> {
  if (order === 'settle') return daemon.settle();
  if (order === 'unmount') return daemon.unmount();
  if (typeof order === 'object') return daemon.switchMode(order.mode, { how: 'control', pid: null });
  return daemon.status();
}

process.on('warning', ({ message }) => {
  say({ kind: 'warning', what: message });
});
const started = await startDaemon(JSON.parse(process.argv[2] ?? '') as MountConfig);
if (started instanceof StartError) {
  say({ kind: 'failed', why: started.message });
  process.disconnect();
} else {
  process.on('message', (order: DaemonOrder) => {
    void obey(started, order).then((value) => {
      say({ kind: 'done', value });
    });
  });
  // The test has gone: nothing may stay mounted.
  process.on('disconnect', () => void started.unmount({ lazy: true }));
  say({ kind: 'ready' });
  await started.ended;
  process.exit(0);
}
