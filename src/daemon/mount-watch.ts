// What gets mounted inside the merged root: the directories below such mounts are needed on flash, though nobody may look into them. The kernel says
// that the mount table has changed by POLLPRI on mountinfo; an open descriptor of it, polled at intervals, does without a thread.

import { readSync } from 'node:fs';
import { asBytes } from '../bytes.ts';
import type { ByteString } from '../bytes.ts';
import { unescapeField } from '../sys/mountinfo.ts';

const INTERVAL_MS = 250;
const CHUNK = 65536;

export class MountWatch {
  readonly #fd: number;
  readonly #prefix: string;
  readonly #onMounted: (paths: readonly ByteString[]) => void;
  readonly #timer: NodeJS.Timeout;
  #known = new Set<string>();
  #text = '';
  /** `major:minor` of the merged root. */
  readonly device: string;

  /** `fd` is an open mountinfo; paths are told as in the merged root, without their leading slash. */
  constructor(fd: number, mountpoint: ByteString, onMounted: (paths: readonly ByteString[]) => void) {
    this.#fd = fd;
    this.#prefix = mountpoint === '/' ? '/' : `${mountpoint}/`;
    this.#onMounted = onMounted;
    this.check();
    const own = this.#text.split('\n').findLast((line) => unescapeField(line.split(' ')[4] ?? '') === mountpoint);
    this.device = own?.split(' ')[2] ?? '';
    this.#timer = setInterval(() => {
      this.check();
    }, INTERVAL_MS);
    this.#timer.unref();
  }

  /** Where something is mounted now. */
  places(): readonly ByteString[] {
    this.check();
    return [...this.#known].map(asBytes);
  }

  /** Looks at once. */
  check(): void {
    const text = readAll(this.#fd);
    if (text === this.#text) return;
    this.#text = text;
    const now = new Set<string>();
    for (const line of text.split('\n')) {
      const place = unescapeField(line.split(' ')[4] ?? '');
      if (place.startsWith(this.#prefix) && place.length > this.#prefix.length)
        now.add(place.slice(this.#prefix.length));
    }
    const fresh = [...now].filter((place) => !this.#known.has(place));
    this.#known = now;
    if (fresh.length > 0) this.#onMounted(fresh.map(asBytes));
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

function readAll(fd: number): string {
  const chunk = Buffer.allocUnsafe(CHUNK);
  let text = '';
  for (let at = 0; ;) {
    const n = readSync(fd, chunk, 0, CHUNK, at);
    if (n === 0) return text;
    text += chunk.toString('latin1', 0, n);
    at += n;
  }
}
