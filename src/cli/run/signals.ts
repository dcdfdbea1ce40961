// Signals of a run. While COMMAND runs, what is sent to this process is passed on to it; before and after, it interrupts the run.
// Ctrl-C and Ctrl-\ of the terminal reach COMMAND by itself, being in the same process group, so they are not passed on a second time.
// Ctrl-Z stops both, as one job.

import { readFileSync } from 'node:fs';
import { constants } from 'node:os';

const FROM_TERMINAL: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT'];
const PASSED_ON: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGALRM', 'SIGPWR'];
const INTERRUPTING: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGHUP'];

/** A run that a signal ended before COMMAND began, or while its captures were being finished. */
export class Interrupted extends Error {
  /** 128 + the signal's number. */
  readonly exitCode: number;

  constructor(signal: NodeJS.Signals) {
    super(`interrupted by ${signal}`);
    this.exitCode = 128 + constants.signals[signal];
  }
}

export class RunSignals {
  #target: ((signal: NodeJS.Signals) => void) | undefined;
  #interrupted: NodeJS.Signals | undefined;
  #onInterrupt: ((error: Interrupted) => void) | undefined;

  constructor() {
    for (const signal of [...FROM_TERMINAL, ...PASSED_ON]) process.on(signal, this.#receive);
  }

  readonly #receive = (signal: NodeJS.Signals): void => {
    if (this.#target) {
      if (!FROM_TERMINAL.includes(signal) || !inForeground()) this.#target(signal);
    } else if (INTERRUPTING.includes(signal)) {
      this.#interrupted = signal;
      this.#onInterrupt?.(new Interrupted(signal));
    }
  };

  /** From now on signals go to COMMAND. @throws Interrupted when one came before. */
  passTo(target: (signal: NodeJS.Signals) => void): void {
    this.check();
    this.#target = target;
  }

  /** From now on signals interrupt the run again. */
  stopPassing(): void {
    this.#target = undefined;
  }

  /** @throws Interrupted when a signal came while none was passed on. */
  check(): void {
    if (this.#interrupted) throw new Interrupted(this.#interrupted);
  }

  /** Waits for `work`, unless a signal comes first. @throws Interrupted */
  async unlessInterrupted<T>(work: Promise<T>): Promise<T> {
    this.check();
    const interrupted = new Promise<never>((_, reject) => (this.#onInterrupt = reject));
    try {
      return await Promise.race([work, interrupted]);
    } finally {
      this.#onInterrupt = undefined;
    }
  }

  [Symbol.dispose](): void {
    for (const signal of [...FROM_TERMINAL, ...PASSED_ON]) process.off(signal, this.#receive);
  }
}

/** Whether our process group is the terminal's foreground one, to which Ctrl-C is sent. */
function inForeground(): boolean {
  // pid (comm) state ppid pgrp session tty_nr tpgid ...; comm may hold anything, `)` included.
  const stat = readFileSync('/proc/self/stat', 'latin1');
  const [, , group, , , foreground] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return group === foreground;
}
