// The switch between modes: what is decided from now on is decided by the new one, and the kernel asks again for whatever the new mode answers
// otherwise, or makes more of. What is under way goes on as it was decided: queued captures finish, open files keep their way of data.

import type { ByteString } from '../bytes.ts';
import type { Capture } from '../capture/capture.ts';
import type { Journal } from '../capture/journal.ts';
import { DEFAULT_MODE, type CurrentMode, type Mode } from '../policy/mode.ts';
import type { Tree } from '../tree/tree.ts';
import { HIDDEN, SHOWN, UNCAPTURED } from './kernel-cache.ts';
import type { KernelCache } from './kernel-cache.ts';

/** Who turned the switch. */
export interface SwitchedBy {
  /** `control`: a client of the control socket. */
  readonly how: 'control' | 'signal';
  /** The client's; null where it is not known. */
  readonly pid: number | null;
  /** More, for people: which signal. */
  readonly reason?: string;
}

export interface Turn {
  readonly to: Mode;
  readonly by: SwitchedBy;
  /** Paths in the merged root at which something is mounted. */
  readonly mounts: readonly ByteString[];
  /** Also where it is that mode already: what was answered in it is to be asked for again. */
  readonly afresh: boolean;
}

export interface ModeSwitchParts {
  readonly current: CurrentMode;
  readonly tree: Tree;
  readonly capture: Capture;
  readonly journal: Journal;
  readonly kernel: KernelCache;
}

export class ModeSwitch {
  readonly #parts: ModeSwitchParts;

  constructor(parts: ModeSwitchParts) {
    this.#parts = parts;
  }

  get mode(): Mode {
    return this.#parts.current.mode;
  }

  /** The mount begins. The log says in which mode, where that is not the default one; `reason`: why. */
  begin(reason: string): void {
    if (this.mode !== DEFAULT_MODE) this.#parts.journal.mode({ how: 'mount', pid: null, reason });
  }

  /** Turns to a mode. `handedOver` is called once the notifier has been given all that the kernel is to ask for again. */
  turn({ to, by, mounts, afresh }: Turn, handedOver: () => void): void {
    const { current, tree, capture, journal, kernel } = this.#parts;
    const was = current.mode;
    if (to === was && !afresh) {
      handedOver();
      return;
    }
    // Before anything is hidden: the name of a place where something is mounted must not vanish.
    capture.holdMounts(mounts);
    current.mode = to;
    tree.hideDisk = to === 'rehearse';
    tree.forgetSides();
    journal.mode(by, was);
    if (to === 'capture') capture.mountedOn(mounts);
    if (to === 'rehearse') capture.missedMounts(mounts);
    kernel.refresh(changed(was, to), handedOver);
  }
}

/** What the kernel has to ask for again. From capture to hold nothing: whatever it has kept is as true as before. */
function changed(was: Mode, to: Mode): number {
  let what = 0;
  // Answered while nothing was captured for it: symlinks that were followed, names that were looked up.
  if (to === 'capture') what |= UNCAPTURED;
  if (to === 'rehearse') what |= HIDDEN;
  if (was === 'rehearse') what |= SHOWN;
  return what;
}
