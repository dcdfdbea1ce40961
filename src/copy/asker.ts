// One asker as who asks sees it. Belongs to the thread that asks.

import { MessageChannel, SHARE_ENV, Worker, receiveMessageOnPort } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import type { Errand } from './errand.ts';
import { ANSWERED, ASKED, END, IDLE, LATE } from './question.ts';
import type { Answer, AskerData, Question } from './question.ts';

/** A question that is not answered yet, and that nobody waits for on the spot. */
export interface Open {
  readonly question: Question;
  readonly key: string;
  readonly errand: Errand | null;
  /** performance.now(), ms. */
  readonly since: number;
  /** Changes that had been made on disk by then. */
  readonly changes: number;
  /** Disk was let go since: the answer is of no use to anybody. */
  forgotten: boolean;
}

const ENTRY = new URL('./asker-thread.js', import.meta.url);

export class Asker {
  open: Open | null = null;
  readonly #control: Int32Array;
  readonly #word: number;
  readonly #port: MessagePort;

  constructor(data: Omit<AskerData, 'port'>, onError: (error: unknown) => void) {
    this.#control = data.control;
    this.#word = data.word;
    this.#port = startWorker(ENTRY, data, onError);
  }

  /** Whether it can be asked. */
  get free(): boolean {
    return this.open === null;
  }

  /** The answer, if it comes within `ms`; else the question stays open. It must be free. */
  ask(question: Question, key: string, errand: Errand | null, ms: number, changes = 0): Answer | undefined {
    const [control, word] = [this.#control, this.#word];
    const since = performance.now();
    this.#port.postMessage(question);
    Atomics.store(control, word, ASKED);
    Atomics.notify(control, word);
    if (ms > 0) Atomics.wait(control, word, ASKED, ms);
    if (Atomics.compareExchange(control, word, ASKED, LATE) === ANSWERED) return this.#take();
    this.open = { question, key, errand, since, changes, forgotten: false };
    return undefined;
  }

  /** The answer to the open question, if it has come. */
  late(): Answer | undefined {
    if (this.open === null || Atomics.load(this.#control, this.#word) !== ANSWERED) return undefined;
    this.open = null;
    return this.#take();
  }

  /** Ends the thread, once it is free. */
  end(): void {
    Atomics.store(this.#control, this.#word, END);
    Atomics.notify(this.#control, this.#word);
  }

  #take(): Answer {
    const { message } = receiveMessageOnPort(this.#port) as { message: Answer };
    Atomics.store(this.#control, this.#word, IDLE);
    return message;
  }
}

/** Starts a thread at `entry`, and gives the port to it. No handle of it keeps the process alive. */
export function startWorker(entry: URL, data: Omit<AskerData, 'port'>, onError: (error: unknown) => void): MessagePort {
  const { port1, port2 } = new MessageChannel();
  const workerData: AskerData = { ...data, port: port2 };
  const worker = new Worker(entry, { workerData, transferList: [port2], env: SHARE_ENV });
  worker.on('error', onError);
  worker.unref();
  port1.unref();
  return port1;
}
