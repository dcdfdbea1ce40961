// What has to be undone if a start fails half-way: in reverse order, unless it is released.

export class Undo {
  #steps: (() => void)[] = [];

  add(step: () => void): void {
    this.#steps.push(step);
  }

  /** The start succeeded: nothing is undone. */
  release(): void {
    this.#steps = [];
  }

  [Symbol.dispose](): void {
    for (const step of this.#steps.reverse()) step();
    this.#steps = [];
  }
}
