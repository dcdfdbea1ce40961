// Finds the last of many globs that matches a path, without trying each: one walk over the path's components through a graph in which
// globs share their beginnings. Knows globs by number only; a path is bytes without a leading slash.
//
// A glob matches a path when it matches the path itself or a directory above it (only the latter, when it ended in `/**`).

import { GLOBSTAR } from './glob.ts';
import type { Alternative } from './glob.ts';
import { NameTable } from './name-table.ts';

/** A place in the globs: what has been matched so far is the same for all that pass here. */
class State {
  readonly next = new NameTable<State>();
  /** Where a `**` from here leads, without a component. */
  star: State | null = null;
  /** Reached by `**`: stays here at each component. */
  readonly loops: boolean;
  /** Highest glob that ends here, and highest that ends here with `/**`; -1 for none. */
  last = -1;
  lastBelow = -1;
  /** The step that entered it last. */
  step = 0;

  constructor(loops: boolean) {
    this.loops = loops;
  }
}

/** A glob that only a whole path can be matched against. */
interface WholePath {
  readonly prefix: string;
  readonly regex: RegExp;
  readonly belowOnly: boolean;
  readonly number: number;
}

/** The states that a directory's path leads to, and the last glob that covers everything in it. */
interface Place {
  readonly states: readonly State[];
  readonly covering: number;
}

export class GlobIndex {
  readonly #root = new State(false);
  /** Highest number last. */
  readonly #whole: WholePath[] = [];
  #step = 0;
  #entered: State[] = [];
  // Paths are asked about directory by directory: the last one's directory, and its place.
  #directory: string | null = null;
  #place: Place = { states: [], covering: -1 };

  /** Adds one alternative of glob `number`. Numbers must not fall from call to call. */
  add(alternative: Alternative, number: number): void {
    this.#directory = null;
    if (alternative.whole !== null) {
      this.#whole.push({ ...alternative.whole, belowOnly: alternative.belowOnly, number });
      return;
    }
    let state = this.#root;
    for (const component of alternative.components) {
      if (component === GLOBSTAR) state = state.star ??= new State(true);
      else state = state.next.follow(component, () => new State(false));
    }
    if (alternative.belowOnly) state.lastBelow = number;
    else state.last = number;
  }

  /** The highest number of a glob that matches `path`, -1 when none does. The root (the empty path) matches none. */
  find(path: string): number {
    if (path === '') return -1;
    const slash = path.lastIndexOf('/');
    const directory = slash < 0 ? '' : path.slice(0, slash);
    if (directory !== this.#directory) {
      this.#place = this.#walk(directory);
      this.#directory = directory;
    }
    const { states, covering } = this.#place;
    this.#enter(states, slash < 0 ? path : path.slice(slash + 1));
    let found = covering;
    for (const state of this.#entered) if (state.last > found) found = state.last;
    return this.#whole.length === 0 ? found : this.#findWhole(path, found);
  }

  #walk(directory: string): Place {
    this.#entered.length = 0;
    this.#step++;
    this.#add(this.#root);
    let covering = Math.max(this.#root.last, this.#root.lastBelow);
    for (let start = 0; start < directory.length && this.#entered.length > 0;) {
      const slash = directory.indexOf('/', start);
      const end = slash < 0 ? directory.length : slash;
      this.#enter([...this.#entered], directory.slice(start, end));
      for (const state of this.#entered) covering = Math.max(covering, state.last, state.lastBelow);
      start = end + 1;
    }
    return { states: [...this.#entered], covering };
  }

  /** Makes `#entered` the states that a component called `name` leads to from `states`. */
  #enter(states: readonly State[], name: string): void {
    this.#entered.length = 0;
    this.#step++;
    for (const state of states) {
      if (state.loops) this.#add(state);
      state.next.find(name, this.#add);
    }
  }

  readonly #add = (state: State): void => {
    for (let next: State | null = state; next !== null && next.step !== this.#step; next = next.star) {
      next.step = this.#step;
      this.#entered.push(next);
    }
  };

  #findWhole(path: string, found: number): number {
    for (let i = this.#whole.length - 1; i >= 0; i--) {
      const { prefix, regex, belowOnly, number } = this.#whole[i]!;
      if (number <= found) break;
      if (!path.startsWith(prefix)) continue;
      let end = belowOnly ? path.lastIndexOf('/') : path.length;
      while (end > 0 && !regex.test(path.slice(0, end))) end = path.lastIndexOf('/', end - 1);
      if (end > 0) return number;
    }
    return found;
  }
}
