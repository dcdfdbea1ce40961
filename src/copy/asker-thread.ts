// An asker (entry of a worker): makes one call at a time on a disk that may wait without end, and waits with it. It sleeps on its word, not in an event loop, since
// whoever asks mostly waits for the answer. Everything is loaded before it is ready.

import { receiveMessageOnPort, workerData } from 'node:worker_threads';
import { signalEvent } from '../sys/poll.ts';
import { enterProc } from '../sys/process.ts';
import { ANSWERED, answerTo, ASKED, ASKERS_READY, END, LATE, NO_ANSWER } from './question.ts';
import type { Answer, AskerData, Question } from './question.ts';

const { control, word, port, wakeFd, procFd, stageDirFd, features } = workerData as AskerData;

function answer(): Answer {
  try {
    const { message } = receiveMessageOnPort(port) as { message: Question };
    return answerTo(message, stageDirFd, features);
  } catch {
    return NO_ANSWER;
  }
}

enterProc(procFd);
Atomics.add(control, ASKERS_READY, 1);
Atomics.notify(control, ASKERS_READY);
for (let state = Atomics.load(control, word); state !== END; state = Atomics.load(control, word)) {
  if (state !== ASKED && state !== LATE) {
    Atomics.wait(control, word, state);
    continue;
  }
  // The message is there before the word says so: who sees the word finds it.
  port.postMessage(answer());
  const before = Atomics.exchange(control, word, ANSWERED);
  Atomics.notify(control, word);
  if (before === LATE) signalEvent(wakeFd);
  if (before === END) break;
}
port.close();
