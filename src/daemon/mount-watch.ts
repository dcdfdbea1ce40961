// What gets mounted on the merged root, and where that is itself: the directories below mounts are needed on flash, though nobody may look into them; and a
// root that an initramfs mounts is moved to `/` afterwards. The kernel says that the mount table has changed by POLLPRI on mountinfo; an open descriptor
// of it, polled at intervals, does without a thread.

import { readSync } from 'node:fs';
import type { ByteString } from '../bytes.ts';
import { unescapeField } from '../sys/mountinfo.ts';
import { mountedOn } from './all-mounts.ts';

const INTERVAL_MS = 250;
const CHUNK = 65536;

/** Who is told; both at once from `check`, also that of the constructor. */
export interface MountListener {
  /** Something new is mounted at these places, as in the merged root, without their leading slash. */
  mountedOn(paths: readonly ByteString[]): void;
  moved(mountpoint: ByteString): void;
}

/** A line of mountinfo, as far as it matters here. */
interface Own {
  /** Names the mount wherever it is moved, for as long as it lives; then the kernel gives it to another. */
  readonly id: string;
  readonly device: string;
}

export class MountWatch {
  readonly #fd: number;
  readonly #listener: MountListener;
  readonly #timer: NodeJS.Timeout;
  readonly #own: Own;
  #known = new Set<ByteString>();
  #text = '';
  #mountpoint: ByteString;

  /** `fd` is an open mountinfo of who mounted it. */
  constructor(fd: number, mountpoint: ByteString, listener: MountListener) {
    this.#fd = fd;
    this.#mountpoint = mountpoint;
    this.#listener = listener;
    const mounts = readAll(fd)
      .split('\n')
      .map((line) => line.split(' '));
    const [id = '', , device = ''] =
      mounts.findLast(([, , , , point = '']) => unescapeField(point) === mountpoint) ?? [];
    this.#own = { id, device };
    this.check();
    this.#timer = setInterval(() => {
      this.check();
    }, INTERVAL_MS);
    this.#timer.unref();
  }

  /** `major:minor` of the merged root. */
  get device(): string {
    return this.#own.device;
  }

  /** Where the merged root is mounted now. */
  get mountpoint(): ByteString {
    this.check();
    return this.#mountpoint;
  }

  /** Where something is mounted now. */
  places(): readonly ByteString[] {
    this.check();
    return [...this.#known];
  }

  /** Looks at once. */
  check(): void {
    const text = readAll(this.#fd);
    if (text === this.#text) return;
    this.#text = text;
    this.#follow(text);
    const now = new Set(mountedOn(this.device, text));
    const fresh = [...now].filter((place) => !this.#known.has(place));
    this.#known = now;
    if (fresh.length > 0) this.#listener.mountedOn(fresh);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #follow(text: string): void {
    const { id, device } = this.#own;
    const mounts = text.split('\n').map((line) => line.split(' '));
    const own = mounts.find(([its, , on]) => its === id && on === device);
    const point = unescapeField(own?.[4] ?? '');
    if (point === '' || point === this.#mountpoint) return;
    this.#mountpoint = point;
    this.#listener.moved(point);
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
