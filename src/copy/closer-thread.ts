// The closer (entry of a worker): closes descriptors of a disk that may wait without end, for which a close may be a question too.

import { receiveMessageOnPort, workerData } from 'node:worker_threads';
import { close } from '../sys/open.ts';
import { ASKERS_READY } from './question.ts';
import type { AskerData } from './question.ts';

const { control, word, port } = workerData as AskerData;
/** In the place of a descriptor: there will be no more. */
const LAST = -1;

Atomics.add(control, ASKERS_READY, 1);
Atomics.notify(control, ASKERS_READY);
for (let open = true; open;) {
  const seen = Atomics.load(control, word);
  let next = receiveMessageOnPort(port) as { message: number } | undefined;
  if (next === undefined) Atomics.wait(control, word, seen);
  for (; next !== undefined; next = receiveMessageOnPort(port) as { message: number } | undefined) {
    if (next.message === LAST) open = false;
    else close(next.message);
  }
}
Atomics.store(control, word, LAST);
Atomics.notify(control, word);
port.close();
