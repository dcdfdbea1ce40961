// What is at hand for requests that may come: got ready ahead of need, or left over from those before. All of it is seen by nobody, and must go
// before it could be wrong.

import type { Engine } from './engine.ts';

/** A change through the mount is about to be made. */
export function beforeChange({ nextListing, recentFiles }: Engine): void {
  nextListing.clear();
  recentFiles.clear();
}

/** Something may have changed anywhere, or is about to: a copy has landed, an order came, disk is given up. */
export function giveUpAhead({ nextFile, nextListing, recentFiles }: Engine): void {
  nextFile.clear();
  nextListing.clear();
  recentFiles.clear();
}
