// How a wait for copies is shown: a bar on a terminal, a line every few seconds elsewhere, nothing when it is short.

import { SingleBar } from 'cli-progress';
import { onTerminal, say } from './say.ts';

const FIRST_LOOK_MS = 300;
const LOOK_MS = 150;
const FIRST_LINE_MS = 2_000;
const LINE_EVERY_MS = 5_000;

/** Waits for `work`; meanwhile asks `remaining` how many copies are left, and shows it under `title`. */
export async function showProgress<T>(title: string, remaining: () => Promise<number>, work: Promise<T>): Promise<T> {
  const shown = onTerminal ? new Bar(title) : new Lines(title);
  let timer: NodeJS.Timeout | undefined;
  let over = false;
  const look = async (): Promise<void> => {
    try {
      shown.update(await remaining());
    } catch {
      return; // The daemon has gone, which `work` tells about.
    }

    if (!over) timer = setTimeout(() => void look(), LOOK_MS);
  };
  timer = setTimeout(() => void look(), FIRST_LOOK_MS);
  try {
    return await work;
  } finally {
    over = true;
    clearTimeout(timer);
    shown.stop();
  }
}

class Bar {
  readonly #title: string;
  #bar: SingleBar | undefined;
  #total = 0;

  constructor(title: string) {
    this.#title = title;
  }

  update(left: number): void {
    if (!this.#bar && left === 0) return;
    this.#total = Math.max(this.#total, left);
    if (!this.#bar) {
      this.#bar = new SingleBar({
        format: `${this.#title} {bar} {value}/{total}`,
        stream: process.stderr,
        clearOnComplete: true,
        hideCursor: true,
      });
      this.#bar.start(this.#total, 0);
    }
    this.#bar.setTotal(this.#total);
    this.#bar.update(this.#total - left);
  }

  stop(): void {
    this.#bar?.stop();
    this.#bar = undefined;
  }
}

class Lines {
  readonly #title: string;
  #next = performance.now() + FIRST_LINE_MS;

  constructor(title: string) {
    this.#title = title;
  }

  update(left: number): void {
    const now = performance.now();
    if (now < this.#next || left === 0) return;
    this.#next = now + LINE_EVERY_MS;
    say(`${this.#title}: ${left} left`);
  }

  stop(): void {
    this.#next = Infinity;
  }
}
