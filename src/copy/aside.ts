// What was put aside because disk has not answered: each errand runs anew when its answer has come, or, if it found nobody to ask, when somebody is free.

import type { Errand } from './errand.ts';

export class Aside {
  readonly #all = new Set<Errand>();
  /** Those that found nobody to ask. */
  #crowd: Errand[] = [];

  get size(): number {
    return this.#all.size;
  }

  /** `again` is called once, between requests. */
  add(errand: Errand, again: () => void): void {
    errand.again = again;
    this.#all.add(errand);
    if (errand.asked.size === 0) this.#crowd.push(errand);
  }

  /** It has come to its end. */
  drop(errand: Errand): void {
    errand.again = null;
    this.#all.delete(errand);
  }

  /** Runs those of them that are put aside; what one throws does not keep the others. */
  runEach(errands: readonly Errand[]): void {
    const thrown: unknown[] = [];
    for (const errand of errands) {
      const { again } = errand;
      if (again === null) continue;
      this.drop(errand);
      try {
        again();
      } catch (error) {
        thrown.push(error);
      }
    }
    if (thrown.length > 0) throw new AggregateError(thrown, 'errands to disk');
  }

  /** Runs at most `most` of those that found nobody to ask: whether there were any. */
  letIn(most: number): boolean {
    const crowd = this.#crowd.splice(0, most);
    this.runEach(crowd);
    return crowd.length > 0;
  }

  runAll(): void {
    this.#crowd = [];
    this.runEach([...this.#all]);
  }

  /** Nothing that was asked will be answered. */
  forgetAnswers(): void {
    for (const errand of this.#all) {
      errand.answers.clear();
      errand.asked.clear();
    }
  }
}
