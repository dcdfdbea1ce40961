// What an object of the merged root can be, as decisions and the event log name it.

/** A kind of object; `device` is a character or block device node. */
export type ObjectKind = 'file' | 'directory' | 'symlink' | 'device' | 'fifo' | 'socket';

/** The kind that the S_IFMT bits of a mode say. @throws RangeError for bits that Linux does not know. */
export function objectKind(mode: number): ObjectKind {
  switch (mode & 0o170000) {
    case 0o100000:
      return 'file';
    case 0o040000:
      return 'directory';
    case 0o120000:
      return 'symlink';
    case 0o020000:
    case 0o060000:
      return 'device';
    case 0o010000:
      return 'fifo';
    case 0o140000:
      return 'socket';
    default:
      throw new RangeError(`mode 0${mode.toString(8)} has no object kind`);
  }
}
