// Why a mount could not be made: a message for people, and a kind that the command line turns into an exit code.

/** Each kind has its own exit code (src/cli/exit-codes.ts). */
export type StartErrorKind =
  | 'usage' // an option that does not exist, or with a value that cannot be
  | 'path' // a directory that is missing, is no directory or cannot be read
  | 'conflict' // directories that may not lie as they do
  | 'flash-unwritable'
  | 'no-fuse' // /dev/fuse is missing or closed to us
  | 'permission' // mounting is not allowed
  | 'failed'; // anything else

export class StartError {
  readonly kind: StartErrorKind;
  /** What, which file, and what to do about it. */
  readonly message: string;

  constructor(kind: StartErrorKind, message: string) {
    this.kind = kind;
    this.message = message;
  }
}
