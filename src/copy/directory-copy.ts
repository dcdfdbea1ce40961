// A directory of disk, copied into flash's stage: its attributes, no content.

import { asBytes } from '../bytes.ts';
import type { ByteString } from '../bytes.ts';
import type { Errno } from '../errno.ts';
import { close, O_DIRECTORY, O_NOATIME, O_PATH, O_RDONLY, openat } from '../sys/open.ts';
import { copyObject } from './exact-copy.ts';
import type { CopyOrder } from './exact-copy.ts';
import type { Degradation } from './metadata.ts';

export interface StagedDirectory {
  readonly stageName: ByteString;
  readonly degraded: readonly Degradation[];
}

const DOT = asBytes('.');

/** Copies the directory `dirfd`, or `name` in it, which something is mounted on. Errors: of opening it, and as `copyObject`. */
export function stageDirectory(
  dirfd: number,
  name: ByteString,
  to: Pick<CopyOrder, 'stageDirFd' | 'stageName' | 'features'>,
): StagedDirectory | Errno {
  const sourceFd = openSource(dirfd, name);
  if (sourceFd < 0) return sourceFd as Errno;
  const copied = copyObject({ sourceFd, data: false, ...to }, false);
  close(sourceFd);
  return typeof copied === 'number' ? copied : { stageName: to.stageName, degraded: copied.degraded };
}

function openSource(dirfd: number, name: ByteString): number {
  if (name !== '') return openat(dirfd, name, O_PATH | O_DIRECTORY);
  const fd = openat(dirfd, DOT, O_RDONLY | O_DIRECTORY | O_NOATIME);
  // Neither its owner nor allowed to read it: its attributes are all that is needed.
  return fd < 0 ? openat(dirfd, DOT, O_PATH | O_DIRECTORY) : fd;
}
