// Flags of the *at calls, and paths that name a descriptor. Throughout this layer an empty name means the descriptor itself, O_PATH
// ones included.

import { type ByteString } from '../bytes.ts';

export const AT_FDCWD = -100;
export const AT_SYMLINK_NOFOLLOW = 0x100;
export const AT_REMOVEDIR = 0x200;
export const AT_SYMLINK_FOLLOW = 0x400;
export const AT_NO_AUTOMOUNT = 0x800;
export const AT_EMPTY_PATH = 0x1000;
export const AT_RECURSIVE = 0x8000;

let proc = '/proc/';
let descriptors = `${proc}self/fd/`;

/** Called once this thread's working directory is the root of a proc filesystem: paths of /proc no longer start at `/`. */
export function workingDirectoryIsProc(): void {
  proc = '';
  descriptors = 'self/fd/';
}

/** Path of a file of /proc, for this thread. */
export function procPath(name: string): string {
  return `${proc}${name}`;
}

/** Path of what a descriptor refers to, for calls that follow it (a magic link; it is not followed further). */
export function fdPath(fd: number): ByteString {
  return `${descriptors}${String(fd)}` as ByteString;
}

/** Path of `name` below a directory descriptor, for calls that have no *at form; the descriptor itself when `name` is empty. */
export function childPath(dirfd: number, name: ByteString): ByteString {
  if (dirfd === AT_FDCWD) return name;
  return (name === '' ? `${descriptors}${String(dirfd)}` : `${descriptors}${String(dirfd)}/${name}`) as ByteString;
}
