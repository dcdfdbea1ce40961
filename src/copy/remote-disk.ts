// A disk that may wait without end, as the session's thread asks it. Other threads make the calls; the session waits for an answer for a moment, and not at all while another
// one is late: then what asked is given up and put aside (Unanswered), and run anew when an answer has come. So a server that is gone keeps nobody waiting but those
// who need it. Belongs to the session's thread.

import type { MessagePort } from 'node:worker_threads';
import type { BranchDir } from '../branch/branch-dir.ts';
import { Unanswered } from '../branch/calls.ts';
import type { Calls } from '../branch/calls.ts';
import type { Errno } from '../errno.ts';
import { EAGAIN } from '../errno.ts';
import { rmdirat } from '../sys/link.ts';
import { Aside } from './aside.ts';
import { AskedCalls } from './asked-calls.ts';
import { Asker, startWorker } from './asker.ts';
import type { Open } from './asker.ts';
import { Errand } from './errand.ts';
import { ASKERS_READY, isDescriptor, NO_ANSWER } from './question.ts';
import type { Answer, AskerData, Question } from './question.ts';
import { LOOK_MS, Silence, SILENT_MS } from './silence.ts';

export interface RemoteDiskOptions extends Pick<AskerData, 'wakeFd' | 'procFd' | 'stageDirFd' | 'features'> {
  /** How long an answer is waited for on the spot, ms. */
  readonly patience: number;
  readonly onBug: (what: string) => void;
}

/** For errands; one more is for what cannot be run anew. */
const ASKERS = 2;
const START_MS = 600_000;
const CLOSER = new URL('./closer-thread.js', import.meta.url);
const LAST = -1;

/** Starts the threads and waits until they are ready. EAGAIN when they don't become so. */
export function startRemoteDisk(options: RemoteDiskOptions): RemoteDisk | Errno {
  const control = new Int32Array(new SharedArrayBuffer(4 * (ASKERS + 3)));
  const disk = new RemoteDisk(options, control);
  const deadline = Date.now() + START_MS;
  const all = ASKERS + 2;
  for (let ready = 0; ready < all; ready = Atomics.load(control, ASKERS_READY))
    if (Atomics.wait(control, ASKERS_READY, ready, deadline - Date.now()) === 'timed-out') return EAGAIN;
  return disk;
}

/** See startRemoteDisk. */
export class RemoteDisk extends AskedCalls implements Calls {
  readonly #patience: number;
  readonly #stageDirFd: number;
  readonly #askers: readonly Asker[];
  readonly #last: Asker;
  readonly #all: readonly Asker[];
  readonly #closer: MessagePort;
  readonly #control: Int32Array;
  readonly #closerWord = ASKERS + 2;
  #closing = 0;
  /** On whose behalf is asked now; null: on nobody's that could be run anew. */
  #errand: Errand | null = null;
  readonly #aside = new Aside();
  /** To be closed once the question that uses them is answered. */
  readonly #inUse = new Set<number>();
  /** Made on disk so far. */
  #changes = 0;
  #hopeless = false;
  #used = 0;
  #isMeasured = true;
  readonly silence = new Silence();

  constructor(options: RemoteDiskOptions, control: Int32Array) {
    super();
    const { wakeFd, procFd, stageDirFd, features, onBug } = options;
    this.#patience = options.patience;
    this.#stageDirFd = stageDirFd;
    this.#control = control;
    const onError = (error: unknown): void => {
      onBug(`asker: ${String(error)}`);
    };
    const data = { control, wakeFd, procFd, stageDirFd, features };
    this.#all = Array.from({ length: ASKERS + 1 }, (_, i) => new Asker({ ...data, word: i + 1 }, onError));
    this.#askers = this.#all.slice(0, ASKERS);
    this.#last = this.#all[ASKERS]!;
    this.#closer = startWorker(CLOSER, { ...data, word: this.#closerWord }, onError);
  }

  get silent(): boolean {
    return this.silence.since !== null;
  }

  /** `giveUp` was called. */
  get isExpendable(): boolean {
    return this.#hopeless;
  }

  /** Whether all threads can be asked: not while calls on a disk that was let go are still waited for. */
  get isFree(): boolean {
    return this.#all.every(({ free }) => free);
  }

  /** Bytes in use on the filesystem of `fd`, as last heard; 0: nothing was. */
  used(fd: number): number {
    if (this.#isMeasured) {
      this.#isMeasured = false;
      this.eventually(() => {
        const { statfs } = this.ask({ kind: 'statfs', fd }, null, '');
        this.#isMeasured = true;
        if (statfs !== undefined) this.#used = (statfs.blocks - statfs.bfree) * statfs.frsize;
      });
    }
    return this.#used;
  }

  alive(fd: number): number {
    if (this.#errand === null) return 0;
    return this.ask({ kind: 'alive', fd }, null, '').n;
  }

  readonly close = (fd: number): void => {
    if (this.#all.some(({ open }) => open?.question.fd === fd)) {
      this.#inUse.add(fd);
      return;
    }
    this.#closer.postMessage(fd);
    Atomics.store(this.#control, this.#closerWord, ++this.#closing & 0x3fff_ffff);
    Atomics.notify(this.#control, this.#closerWord);
  };

  // On whose behalf.

  /** Does `work` on behalf of `errand`. @throws Unanswered: then it is to be put aside. */
  within<T>(errand: Errand, work: () => T): T {
    const before = this.#errand;
    this.#errand = errand;
    try {
      return work();
    } finally {
      this.#errand = before;
    }
  }

  changed(): void {
    this.#changes++;
  }

  begun(): void {
    this.#errand = null;
  }

  /** `errand` was given up; `again` runs it anew, and is called once, between requests. */
  putAside(errand: Errand, again: () => void): void {
    this.#aside.add(errand, again);
    this.silence.expect();
  }

  /** `errand` has come to its end. */
  end(errand: Errand): void {
    errand.over = true;
    this.#aside.drop(errand);
    for (const { question, answer } of errand.answers.values()) this.#discard(question, answer);
    errand.answers.clear();
  }

  eventually(work: () => void): void {
    const errand = new Errand();
    const attempt = (): void => {
      try {
        this.within(errand, work);
      } catch (error) {
        if (error instanceof Unanswered) {
          this.putAside(errand, attempt);
          return;
        }
        this.end(errand);
        throw error;
      }
      this.end(errand);
    };
    attempt();
  }

  // What becomes of it.

  /** Takes the answers that were late, and runs anew what they are for. */
  drain(): void {
    const ready: Errand[] = [];
    for (const asker of this.#all) {
      const { open } = asker;
      const answer = asker.late();
      if (open === null || answer === undefined) continue;
      if (this.#inUse.delete(open.question.fd)) this.close(open.question.fd);
      this.#deliver(open, answer, ready);
    }
    this.#look();
    this.#aside.runEach(ready);
    this.letIn();
  }

  /** Runs anew what found nobody to ask, as far as there is somebody now: whether there was any. */
  letIn(): boolean {
    return this.#aside.letIn(this.#isLate() ? this.#askers.filter((asker) => asker.free).length : Infinity);
  }

  /** Looks whether disk has fallen silent, or answers again. */
  look(): void {
    this.silence.goOn(this.#aside.size > 0 || this.#isLate());
    this.#look();
  }

  /** Disk is let go: all that was put aside runs anew, without it. */
  letGo(): void {
    for (const { open } of this.#all) if (open !== null) open.forgotten = true;
    this.silence.forgetReads();
    this.#look();
    this.#aside.forgetAnswers();
    this.#aside.runAll();
  }

  /** From now on nobody waits for a disk that has fallen silent: what it does not answer is EIO. */
  giveUp(): void {
    this.#hopeless = true;
    this.#aside.runAll();
  }

  /** Ends the threads. False: some of them still wait, and end only with the process, if they are killed. */
  shut(): boolean {
    this.drain();
    for (const asker of this.#all) if (asker.free) asker.end();
    this.close(LAST);
    Atomics.wait(this.#control, this.#closerWord, this.#closing & 0x3fff_ffff, LOOK_MS);
    return this.isFree && Atomics.load(this.#control, this.#closerWord) === LAST;
  }

  protected override ask(question: Question, dir: BranchDir | null, detail: string): Answer {
    const errand = this.#errand;
    if (errand === null) return this.#insist(question);
    const key = `${question.kind} ${dir === null ? `#${String(question.fd)}` : dir.path()}\0${detail}`;
    const known = errand.answers.get(key);
    if (known !== undefined) {
      const isFresh = known.changes === this.#changes;
      // A descriptor has one owner.
      if (!isFresh || question.kind === 'open' || question.kind === 'directory') errand.answers.delete(key);
      if (isFresh) return known.answer;
      this.#discard(question, known.answer);
    }
    const asker = errand.asked.has(key) ? undefined : this.#askers.find(({ free }) => free);
    if (asker !== undefined) {
      const answer = asker.ask(question, key, errand, this.#isLate() ? 0 : this.#patience, this.#changes);
      if (answer !== undefined) return answer;
      errand.asked.add(key);
    }
    if (this.#hopeless && this.silent) return NO_ANSWER;
    throw new Unanswered();
  }

  /** Asks for somebody who cannot be run anew. */
  #insist(question: Question): Answer {
    const late = this.#last.open;
    if (late !== null) {
      const answer = this.#last.late();
      if (answer === undefined) return NO_ANSWER;
      if (this.#inUse.delete(late.question.fd)) this.close(late.question.fd);
      this.#discard(late.question, answer);
    }
    // Who cannot be run anew waits for as long as it takes to know that nobody answers.
    const ms = this.silent ? this.#patience : SILENT_MS;
    const answer = this.#last.ask(question, '', null, ms);
    if (answer === undefined) this.silence.expect();
    return answer ?? NO_ANSWER;
  }

  #isLate(): boolean {
    return this.#all.some(({ open }) => open !== null && !open.forgotten);
  }

  #deliver({ question, key, errand, changes, forgotten }: Open, answer: Answer, ready: Errand[]): void {
    errand?.asked.delete(key);
    if (errand === null || errand.over || forgotten) {
      this.#discard(question, answer);
      return;
    }
    errand.answers.set(key, { question, answer, changes });
    ready.push(errand);
  }

  #discard(question: Question, answer: Answer): void {
    if (isDescriptor(question, answer)) this.close(answer.n);
    if (answer.staged !== undefined) rmdirat(this.#stageDirFd, answer.staged.stageName);
  }

  #look(): void {
    const open = this.#all.flatMap((asker) => (asker.open === null || asker.open.forgotten ? [] : [asker.open]));
    if (!this.silence.judge(open.map(({ since }) => since))) return;
    // What flash can answer alone does so from now on; or it is as before.
    this.#aside.runAll();
  }
}
