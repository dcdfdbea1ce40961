// The signals that turn the mode switch of a daemon: SIGUSR1 to hold, SIGUSR2 to capture. Taken from the process's start, since SIGUSR1 would
// else start Node's debugger, and kept until there is a mount to switch.

import type { Mode } from '../policy/mode.ts';

const MODE_OF = { SIGUSR1: 'hold', SIGUSR2: 'capture' } as const satisfies Partial<Record<NodeJS.Signals, Mode>>;

export type SwitchSignal = keyof typeof MODE_OF;
const SIGNALS = Object.keys(MODE_OF) as SwitchSignal[];

export class SwitchSignals {
  #last: SwitchSignal | undefined;
  #listener: ((signal: SwitchSignal, mode: Mode) => void) | undefined;
  readonly #receive = (signal: NodeJS.Signals): void => {
    this.#last = signal as SwitchSignal;
    this.#tell();
  };

  constructor() {
    for (const signal of SIGNALS) process.on(signal, this.#receive);
  }

  /** Calls `listener` at each signal from now on, and at once for the last that has come already. */
  listen(listener: (signal: SwitchSignal, mode: Mode) => void): void {
    this.#listener = listener;
    this.#tell();
  }

  #tell(): void {
    const signal = this.#last;
    if (this.#listener === undefined || signal === undefined) return;
    this.#last = undefined;
    this.#listener(signal, MODE_OF[signal]);
  }

  [Symbol.dispose](): void {
    for (const signal of SIGNALS) process.off(signal, this.#receive);
  }
}
