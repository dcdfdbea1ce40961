// What the tests of copies do over and over: a stage, an opened source, a published copy.

import { readdirSync } from 'node:fs';
import assert from 'node:assert/strict';
import { asBytes } from '../../src/bytes.ts';
import type { ByteString } from '../../src/bytes.ts';
import { errnoName } from '../../src/errno.ts';
import type { Errno } from '../../src/errno.ts';
import { copyObject } from '../../src/copy/exact-copy.ts';
import type { Copied } from '../../src/copy/exact-copy.ts';
import type { Features } from '../../src/copy/features.ts';
import { probeFeatures } from '../../src/copy/probe.ts';
import { publish } from '../../src/copy/publish.ts';
import { openStage } from '../../src/copy/stage.ts';
import type { Stage } from '../../src/copy/stage.ts';
import { AT_FDCWD } from '../../src/sys/at.ts';
import { O_DIRECTORY, O_NOATIME, O_NOFOLLOW, O_PATH, O_RDONLY, close, openat } from '../../src/sys/open.ts';
import { newStat, statxFd } from '../../src/sys/stat.ts';
import { got, ok } from '../sys/place.ts';

const S_IFMT = 0o170000;
const S_IFREG = 0o100000;

export function openDirectory(path: string): number {
  return ok(openat(AT_FDCWD, asBytes(path), O_RDONLY | O_DIRECTORY));
}

/** As an opener does it: regular files for reading, without touching their access time where that is allowed, others O_PATH. */
export function openSource(dirFd: number, name: ByteString): number {
  const fd = ok(openat(dirFd, name, O_PATH | O_NOFOLLOW));
  const stat = newStat();
  ok(statxFd(fd, stat));
  if ((stat.mode & S_IFMT) !== S_IFREG) return fd;
  close(fd);
  const quiet = openat(dirFd, name, O_RDONLY | O_NOFOLLOW | O_NOATIME);
  return quiet >= 0 ? quiet : ok(openat(dirFd, name, O_RDONLY | O_NOFOLLOW));
}

export interface Flash {
  fd: number;
  stage: Stage;
  features: Features;
}

/** `dir` as a flash: its stage is `dir`/stage. */
export function openFlash(dir: string): Flash {
  const fd = openDirectory(dir);
  const stage = got(openStage(fd, asBytes('stage')));
  return { fd, stage, features: probeFeatures(stage.fd) };
}

export function closeFlash(flash: Flash): void {
  assert.deepEqual(staged(flash), [], 'something was left in the stage');
  flash.stage.close();
  ok(close(flash.fd));
}

/** Names that are in the stage. */
export function staged(flash: Flash): string[] {
  return readdirSync(`/proc/self/fd/${String(flash.stage.fd)}`);
}

/** Copies `name` of `sourceDirFd` and publishes it under the same name in `targetDirFd`. */
export function capture(
  flash: Flash,
  sourceDirFd: number,
  name: ByteString,
  targetDirFd: number,
  durable = false,
): Copied | Errno {
  const sourceFd = openSource(sourceDirFd, name);
  const stageName = flash.stage.name();
  const { features } = flash;
  const copied = copyObject({ sourceFd, stageDirFd: flash.stage.fd, stageName, data: true, features }, durable);
  ok(close(sourceFd));
  if (typeof copied === 'number') return copied;
  const options = { replace: false, keepParentTimes: true, features };
  const published = publish(flash.stage.fd, stageName, targetDirFd, name, options);
  assert.equal(published, 0, published < 0 ? errnoName(published) : '');
  return copied;
}
