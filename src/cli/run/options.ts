// What was asked of `rootsync run`.

import type { MountDraft } from '../../daemon/mount-options.ts';

export interface RunRequest {
  readonly draft: MountDraft;
  /** No FUSE: COMMAND runs on the flash directory as it is. */
  readonly flashOnly: boolean;
  /** Capture, then flash alone, and compare. */
  readonly verify: boolean;
  readonly compareOutput: boolean;
  readonly json: boolean;
  readonly quiet: boolean;
  /** Working directory in the merged root, when not the caller's. */
  readonly chdir: string | undefined;
  /** For names and messages; what is executed is read as bytes (raw-words.ts). */
  readonly command: readonly string[];
}
