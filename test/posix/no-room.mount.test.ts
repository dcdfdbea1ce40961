// Guards against changes that a full flash leaves half done: before each (trials.ts), flash is filled until so many blocks or inodes are free.

import assert from 'node:assert/strict';
import { closeSync, ftruncateSync, mkdirSync, openSync, rmSync, statfsSync, statSync } from 'node:fs';
import { truncateSync, writeFileSync, writeSync } from 'node:fs';
import { syncfs } from '../../src/sys/io.ts';
import { image } from '../copy/images.ts';
import type { Image } from '../copy/images.ts';
import { MountedRoot, needsMount } from '../mounted-root.ts';
import { Trials } from './trials.ts';

const BLOCK = 1024;

/** A file next to flash that takes what shall not be free. */
class Filler {
  readonly #image: Image;
  readonly #fd: number;

  constructor(of: Image) {
    this.#image = of;
    mkdirSync(`${of.dir}/inodes`);
    this.#fd = openSync(`${of.dir}/filler`, 'w');
  }

  /** Leaves exactly so many blocks free. */
  blocks(free: number): void {
    for (let attempt = 0; attempt < 100; attempt++) {
      // What was given back can be used once the journal has it.
      syncfs(this.#fd);
      const excess = statfsSync(this.#image.dir).bavail - free;
      if (excess === 0) return;
      const size = Math.max(0, statSync(`${this.#image.dir}/filler`).size + excess * BLOCK);
      if (excess < 0) ftruncateSync(this.#fd, size);
      else writeUpTo(this.#fd, size - excess * BLOCK, excess);
    }
    assert.fail(`cannot leave ${free} blocks free`);
  }

  /** Leaves exactly so many inodes free. */
  inodes(free: number): void {
    const { dir } = this.#image;
    for (let n = 0; statfsSync(dir).ffree > free; n++) writeFileSync(`${dir}/inodes/${n}`, '');
    for (let n = 0; statfsSync(dir).ffree < free; n++) rmSync(`${dir}/inodes/${n}`, { force: true });
    syncfs(this.#fd);
  }

  /** Makes room. */
  empty(): void {
    ftruncateSync(this.#fd, 0);
    rmSync(`${this.#image.dir}/inodes`, { recursive: true });
    syncfs(this.#fd);
  }

  close(): void {
    closeSync(this.#fd);
  }
}

function writeUpTo(fd: number, position: number, blocks: number): void {
  const chunk = Buffer.alloc(64 * BLOCK);
  try {
    for (let left = blocks; left > 0; left -= 64)
      writeSync(fd, chunk, 0, Math.min(left, 64) * BLOCK, position + (blocks - left) * BLOCK);
  } catch {
    // Full earlier than it said: the next look at what is free decides.
  }
}

interface Scarcity {
  readonly mkfs: readonly string[];
  readonly sizes: readonly number[];
  readonly fill: (filler: Filler, free: number, flash: string) => void;
  /** Marks have room: what only removes must succeed. */
  readonly marksFit: boolean;
}

const SCARCE: Readonly<Record<string, Scarcity>> = {
  'free blocks': {
    mkfs: ['-N', '16384'],
    sizes: [0, 1, 2, 3, 4, 5, 7, 9, 13],
    fill: (filler, free) => {
      filler.blocks(free);
    },
    marksFit: true,
  },
  'free blocks, and no room was put aside for marks': {
    mkfs: ['-N', '16384'],
    sizes: [0, 1, 2, 3, 5, 8],
    fill: (filler, free, flash) => {
      const marks = `${flash}/.rootsync/marks`;
      // To the size that it has: takes what lies beyond.
      truncateSync(marks, statSync(marks).size);
      filler.blocks(free);
    },
    marksFit: false,
  },
  'free inodes': {
    mkfs: ['-N', '2048'],
    sizes: [0, 1, 2, 3],
    fill: (filler, free) => {
      filler.inodes(free);
    },
    marksFit: true,
  },
};

describe('a flash with little room', function () {
  this.timeout(300_000);
  needsMount();

  for (const [what, scarcity] of Object.entries(SCARCE))
    describe(what, () => {
      const flash = image('ext4', {
        size: '24M',
        inMemory: true,
        mkfs: ['-b', String(BLOCK), '-m', '0', ...scarcity.mkfs],
      });

      it('each change succeeds as a whole or not at all, whatever is left', async () => {
        mkdirSync(`${flash.dir}/flash`);
        await using root = new MountedRoot({ flash: `${flash.dir}/flash`, config: { mode: 'hold' } });
        const filler = new Filler(flash);
        try {
          await new Trials(root, {
            what: 'free:',
            degrees: scarcity.sizes,
            hinder: (free) => {
              scarcity.fill(filler, free, root.flash);
            },
            end: () => {
              filler.empty();
            },
            errors: ['ENOSPC'],
            allowsRemoval: scarcity.marksFit,
          }).go();
        } finally {
          filler.close();
        }
      });
    });
});
