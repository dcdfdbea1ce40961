// The session's thread as the main thread sees it: orders, questions with their answers as promises, and news.

import { MessageChannel, Worker } from 'node:worker_threads';
import type { NotifierHandle } from '../fuse/notifier.ts';
import { signalEvent } from '../sys/poll.ts';
import { Refusal } from '../control/refusal.ts';
import type {
  Beginning,
  News,
  Order,
  Question,
  QuestionName,
  Questions,
  SessionData,
  ThreadGround,
} from './session-messages.ts';

interface Asker {
  readonly resolve: (answer: never) => void;
  readonly reject: (refusal: Refusal) => void;
}

/** What came of a step: it is done, or why there is no session. */
type Answer<Done extends News['kind']> = Extract<News, { kind: Done | 'failed' | 'ended' }>;

const ENDED: Answer<'ended'> = { kind: 'ended', ending: { reason: 'stopped' }, stuck: false };

type Listener<K extends News['kind']> = (news: Extract<News, { kind: K }>) => void;

export class SessionLink {
  readonly #worker: Worker;
  readonly #port: MessageChannel['port1'];
  readonly #wakeFd: number;
  readonly #listeners = new Map<News['kind'], ((news: never) => void)[]>();
  readonly #questions = new Map<number, Asker>();
  #lastId = 0;
  /** The thread has ended, or never served: nobody answers. */
  #closed = false;
  /** What a thread that is gone is taken to answer. */
  #gone: Answer<'ended'> = ENDED;

  /** Starts the thread, which then waits to be begun with. */
  constructor(ground: Omit<ThreadGround, 'port'>) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#wakeFd = ground.wakeFd;
    this.#worker = new Worker(new URL('./session-thread.js', import.meta.url), {
      workerData: { ...ground, port: port2 } satisfies ThreadGround,
      transferList: [port2],
    });
    port1.on('message', (news: News) => {
      this.#hear(news);
    });
    this.#worker.on('error', (error) => {
      const what = `session thread: ${String(error)}`;
      this.#gone = { kind: 'failed', reason: what };
      this.#hear({ kind: 'bug', what });
      this.#hear(this.#gone);
    });
    this.#worker.on('exit', () => {
      this.#closed = true;
      this.#hear(ENDED);
      for (const { reject } of this.#questions.values()) reject(ended());
      this.#questions.clear();
      port1.close();
    });
  }

  on<K extends News['kind']>(kind: K, listener: Listener<K>): void {
    const list = this.#listeners.get(kind) ?? [];
    list.push(listener);
    this.#listeners.set(kind, list);
  }

  /** The next news of one of these kinds. */
  next<K extends News['kind']>(...kinds: K[]): Promise<Extract<News, { kind: K }>> {
    return new Promise((resolve) => {
      for (const kind of kinds) this.on(kind, resolve);
    });
  }

  /** Has it make the merged root. A thread that could not be loaded, or has ended since: why, or `ended`. */
  prepare(data: SessionData): Promise<Answer<'prepared'>> {
    this.#port.postMessage({ kind: 'prepare', data } satisfies Beginning);
    return this.#closed ? Promise.resolve(this.#gone) : this.next('prepared', 'failed', 'ended');
  }

  /** Has it serve what it has prepared, over /dev/fuse. */
  serve(fuseFd: number, notifier: NotifierHandle): Promise<Answer<'serving'>> {
    this.#port.postMessage({ kind: 'serve', fuseFd, notifier } satisfies Beginning, [notifier.port]);
    return this.#closed ? Promise.resolve(this.#gone) : this.next('serving', 'failed', 'ended');
  }

  /** Gives an order to a session that serves, whose loop has to be woken. */
  order(order: Order): void {
    if (this.#closed) return;
    this.#port.postMessage(order);
    signalEvent(this.#wakeFd);
  }

  /** Asks the session. @throws Refusal, with the session's reason, or `ended`: it is gone. */
  ask<Q extends QuestionName>(question: Q, about: Questions[Q]['about']): Promise<Questions[Q]['answer']> {
    if (this.#closed) return Promise.reject(ended());
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#questions.set(id, { resolve, reject });
      this.order({ kind: 'question', id, question, about } satisfies Question<Q> as Order);
    });
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #hear(news: News): void {
    if ('id' in news) {
      const asker = this.#questions.get(news.id);
      this.#questions.delete(news.id);
      // The id says which question it was, and so of what type the answer is.
      if (news.kind === 'answer') asker?.resolve(news.answer as never);
      else asker?.reject(new Refusal(news.error.code, news.error.message));
    }
    for (const listener of this.#listeners.get(news.kind) ?? []) listener(news as never);
  }
}

function ended(): Refusal {
  return new Refusal('ended', 'the mount has ended');
}
