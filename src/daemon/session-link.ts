// The session's thread as the main thread sees it: orders, questions with their answers as promises, and news.

import { MessageChannel, Worker } from 'node:worker_threads';
import { signalEvent } from '../sys/poll.ts';
import type { News, Order, SessionData, SessionStatus } from './session-messages.ts';

type Listener<K extends News['kind']> = (news: Extract<News, { kind: K }>) => void;

export class SessionLink {
  readonly #worker: Worker;
  readonly #port: MessageChannel['port1'];
  readonly #wakeFd: number;
  readonly #listeners = new Map<News['kind'], ((news: never) => void)[]>();
  readonly #questions = new Map<number, (answer: News) => void>();
  #lastId = 0;
  /** The thread has ended, or never served: nobody answers. */
  #closed = false;

  constructor(data: Omit<SessionData, 'port'>) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#wakeFd = data.wakeFd;
    this.#worker = new Worker(new URL('./session-thread.js', import.meta.url), {
      workerData: { ...data, port: port2 } satisfies SessionData,
      transferList: [port2],
    });
    port1.on('message', (news: News) => {
      this.#hear(news);
    });
    this.#worker.on('error', (error) => {
      this.#hear({ kind: 'bug', what: `session thread: ${String(error)}` });
    });
    this.#worker.on('exit', () => {
      this.#closed = true;
      this.#hear({ kind: 'ended', ending: { reason: 'stopped' } });
      for (const answer of this.#questions.values()) answer({ kind: 'bug', what: 'the session has ended' });
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

  /** Gives an order; `serve` begins the session, whose loop then has to be woken. */
  order(order: Order): void {
    if (this.#closed) return;
    const transfer = order.kind === 'serve' ? [order.notifier.port] : [];
    this.#port.postMessage(order, transfer);
    if (order.kind !== 'serve') signalEvent(this.#wakeFd);
  }

  /** The session's state; undefined when it has ended. */
  async status(): Promise<SessionStatus | undefined> {
    const answer = await this.#ask('status');
    return answer.kind === 'status' ? answer.status : undefined;
  }

  /** Resolves when nothing is left to copy and flash is synced, or the session has ended. */
  async settle(): Promise<void> {
    await this.#ask('settle');
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #ask(kind: 'status' | 'settle'): Promise<News> {
    if (this.#closed) return Promise.resolve({ kind: 'bug', what: 'the session has ended' });
    const id = ++this.#lastId;
    return new Promise((resolve) => {
      this.#questions.set(id, resolve);
      this.order({ kind, id });
    });
  }

  #hear(news: News): void {
    if ('id' in news) {
      this.#questions.get(news.id)?.(news);
      this.#questions.delete(news.id);
    }
    for (const listener of this.#listeners.get(news.kind) ?? []) listener(news as never);
  }
}
