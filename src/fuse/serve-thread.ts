// Body of the thread that serves a filesystem module for `serve`: loads the module, waits for the mount, runs the session.

import { inspect } from 'node:util';
import { parentPort, workerData } from 'node:worker_threads';
import { DeviceChannel } from './channel.ts';
import { notificationSink } from './notifier.ts';
import type { ServeNews, ServeOrder, ServedModule } from './serve.ts';
import { Session } from './session.ts';

function say(news: ServeNews): void {
  parentPort?.postMessage(news);
}

const module = (await import(workerData as string)) as ServedModule<unknown>;

parentPort?.once('message', (order: ServeOrder) => {
  const { operations, context, hooks, start } = module;
  const session = new Session({
    channel: new DeviceChannel(order.fd, order.wakeFd),
    operations,
    context,
    wants: order.wants,
    notifier: notificationSink(order.notifier),
    counters: order.counters,
    ...(order.spin === undefined ? {} : { spin: order.spin }),
    hooks: {
      onBug: (error, request) => {
        say({ kind: 'bug', what: inspect(error), request });
      },
      ...hooks,
      onNegotiated: (negotiated) => {
        say({ kind: 'negotiated', negotiated });
        hooks?.onNegotiated?.(negotiated);
      },
    },
  });
  start?.(session);
  const ending = session.run();
  say({ kind: 'ended', ending });
});
say({ kind: 'loaded' });
