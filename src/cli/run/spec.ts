// What the supervisor tells the launcher, as one JSON word on its command line, and the names that both use in the run's work directory.

/** The merged root is mounted here. */
export const ROOT = 'root';
/** A fifo: a byte in it lets the launcher go on, its end without one ends the launcher. */
export const GATE = 'gate';
/** Why COMMAND could not be started: a FailedLaunch as JSON. */
export const REPORT = 'failed';

export interface LaunchSpec {
  /** The run's work directory. */
  readonly work: string;
  readonly supervisor: number;
  /** Flash alone: the directory to be bound to the root; null: the root is mounted. */
  readonly bind: string | null;
  /** A root that is complete already; null: it is in the work directory, and is to be completed. */
  readonly ready: string | null;
  /** Directories inside the root that COMMAND is not to see the content of. */
  readonly cover: readonly string[];
  /** The caller is an ordinary user, whose powers come from the user namespace that was made for the run. */
  readonly dropPowers: boolean;
  /** Working directory in the root; null: the one that this process has. */
  readonly chdir: string | null;
  /** Number of descriptors that the caller's programs may have, when Node has raised it; null: as it is. */
  readonly descriptors: number | null;
  /** COMMAND is the last so many words of the supervisor's command line. */
  readonly words: number;
}

export interface FailedLaunch {
  readonly exitCode: number;
  readonly message: string;
}
