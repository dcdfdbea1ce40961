// What is asked of disk on one behalf: a request, or a piece of work that nobody waits for. It is run anew from its start whenever an answer was late, and finds the answers
// that have come.

import type { Answer, Question } from './question.ts';

export class Errand {
  /** Answers that were late, by question, with the number of changes that had been made when it was asked. */
  readonly answers = new Map<
    string,
    { readonly question: Question; readonly answer: Answer; readonly changes: number }
  >();
  /** Questions that are still to be answered. */
  readonly asked = new Set<string>();
  /** Runs it anew; null while it runs. */
  again: (() => void) | null = null;
  /** It has come to its end: what is answered now is nobody's. */
  over = false;
}
