// Signals an eventfd once it is told to.

import { parentPort, workerData } from 'node:worker_threads';
import { signalEvent } from '../../src/sys/poll.ts';

parentPort?.once('message', () => {
  signalEvent(workerData as number);
});
