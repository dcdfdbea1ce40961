// Exit codes of every command: public, printed by --help.

import type { ErrorCode } from '../control/protocol.ts';
import type { StartErrorKind } from '../daemon/start-error.ts';

export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  path: 3,
  conflict: 4,
  flashUnwritable: 5,
  noFuse: 6,
  permission: 7,
  noMount: 8,
  busy: 9,
  unreachable: 10,
} as const;

/** `run` keeps out of the way of COMMAND's own codes, as env(1) and timeout(1) do. */
export const RUN_EXIT = {
  differs: 124,
  lacked: 124,
  behind: 124,
  failed: 125,
  notExecutable: 126,
  notFound: 127,
} as const;

/** Those of fsck(8). */
export const FSCK_EXIT = { clean: 0, mended: 1, left: 4, failed: 8, usage: 16 } as const;

export const EXIT_OF_START: Readonly<Record<StartErrorKind, number>> = {
  usage: EXIT.usage,
  path: EXIT.path,
  conflict: EXIT.conflict,
  'flash-unwritable': EXIT.flashUnwritable,
  'no-fuse': EXIT.noFuse,
  permission: EXIT.permission,
  failed: EXIT.failed,
};

/** Those of the control protocol's error codes that have one of their own. */
export const EXIT_OF_REFUSAL: Partial<Readonly<Record<ErrorCode, number>>> = {
  'bad-args': EXIT.usage,
  'no-such-path': EXIT.path,
  'not-permitted': EXIT.permission,
  busy: EXIT.busy,
  ended: EXIT.noMount,
};

export const EXIT_HELP = `
Exit codes:
  0   done
  1   failed for a reason that has no code of its own
  2   an option or argument that does not exist, or has a value that cannot be
  3   a directory or file is missing, is none, or cannot be read
  4   flash, disk and mountpoint may not lie as they do
  5   flash cannot be written to
  6   /dev/fuse is missing or closed to this user
  7   mounting is not permitted here, or asking its daemon is not
  8   no such mount, or several to choose from
  9   the mount is in use
  10  the mount's daemon does not answer
`;

export const RUN_EXIT_HELP = `
Exit codes:
  COMMAND's own, 128 + N when signal N ended it; and
  124 with --verify: COMMAND did not give the same result on flash alone
  125 rootsync itself failed, before or after COMMAND
  126 COMMAND cannot be executed
  127 COMMAND is not found
`;

export const REHEARSE_EXIT_HELP = `
Exit codes:
  COMMAND's own, 128 + N when signal N ended it; and
  124 COMMAND succeeded, but flash lacks something that it asked for
  125 rootsync itself failed: no such mount, somebody else rehearses ...
  126 COMMAND cannot be executed
  127 COMMAND, or its interpreter or loader, is not on flash
`;

export const UPGRADE_EXIT_HELP = `
Exit codes:
  COMMAND's own, 128 + N when signal N ended it; and
  124 COMMAND succeeded, but flash cannot follow all that was changed on disk
  125 rootsync itself failed: no such mount, disk takes no changes, flash has no room ...
  126 COMMAND cannot be executed
  127 COMMAND is not found
`;

export const FSCK_EXIT_HELP = `
Exit codes, those of fsck(8):
  0   no faults
  1   faults, all of them mended
  4   faults that are left: some are not for --repair, or it was not given
  8   the check could not be made: a mount is using flash, a directory cannot be read ...
  16  an option or argument that does not exist, or is missing
`;
