// Whether a disk that may wait without end answers: it is silent once somebody has waited for it for long. Looked at every now and then while anybody waits.
// Times are performance.now(), ms.

/** From when on who waits makes it silent. */
export const SILENT_MS = 5000;
/** Between two looks. */
export const LOOK_MS = 1000;

export class Silence {
  /** Since when no answer has come; null: it answers. */
  since: number | null = null;
  /** Called when it has fallen silent, and when it answers again. */
  onChange: () => void = () => {};
  /** When a look is due; undefined: nobody waits. */
  deadline: number | undefined;
  readonly #reads = new Set<{ readonly since: number }>();

  /** Somebody waits from now on: a look is due in a while. */
  expect(): void {
    this.deadline ??= performance.now() + LOOK_MS;
  }

  /** A read, by another thread, begins; to be called at its end. */
  reads(): () => void {
    const read = { since: performance.now() };
    this.#reads.add(read);
    this.expect();
    return () => {
      this.#reads.delete(read);
    };
  }

  /** Whoever reads, reads from a disk that was let go. */
  forgetReads(): void {
    this.#reads.clear();
  }

  /** Decides, by since when the others wait: whether it is otherwise than before. */
  judge(others: readonly number[]): boolean {
    const oldest = Math.min(...others, ...[...this.#reads].map(({ since }) => since));
    const silent = performance.now() - oldest >= SILENT_MS;
    if (silent === (this.since !== null)) return false;
    this.since = silent ? oldest : null;
    this.onChange();
    return true;
  }

  /** After a look: another one is due, if anybody waits. */
  goOn(othersWait: boolean): void {
    this.deadline = othersWait || this.#reads.size > 0 || this.since !== null ? performance.now() + LOOK_MS : undefined;
  }
}
