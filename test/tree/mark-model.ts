// What marks mean, said once more in the plainest way: a map from path to facts, for a test to hold the real ones against.
import type { ByteString } from '../../src/bytes.ts';
import type { MarkRecord } from '../../src/tree/mark-record.ts';
import type { Origin } from '../../src/tree/origins.ts';

type Spent = Pick<Extract<MarkRecord, { kind: 'spent' }>, 'inoLo' | 'inoHi' | 'links'>;

export class MarkModel {
  readonly whiteouts = new Set<ByteString>();
  readonly opaques = new Set<ByteString>();
  readonly spent = new Map<ByteString, Spent>();
  /** The newest last. */
  readonly origins = new Map<ByteString, Origin[]>();
  readonly dirty = new Map<ByteString, ByteString | null>();
  home: ByteString | null = null;

  apply(record: MarkRecord): void {
    const { path } = record;
    switch (record.kind) {
      case 'whiteout':
        this.whiteouts.add(path);
        break;
      case 'opaque':
        this.opaques.add(path);
        break;
      case 'reveal':
        for (const marked of [this.whiteouts, this.opaques, this.spent]) marked.delete(path);
        break;
      case 'spent':
        if (!this.spent.has(path)) this.spent.set(path, record);
        break;
      case 'home':
        if (this.home !== null && this.home !== path)
          for (const [at, all] of this.origins)
            this.origins.set(
              at,
              all.slice(-1).map((origin) => ({ ...origin, flashLo: 0, flashHi: 0 })),
            );
        this.home = path;
        break;
      case 'origin':
        this.#put(path, record.origin);
        break;
      case 'clear':
        this.origins.delete(path);
        break;
      case 'prune':
        for (const at of this.#below(path)) this.origins.delete(at);
        this.origins.delete(path);
        break;
      case 'dirty':
        this.dirty.set(path, null);
        break;
      case 'moved':
        this.dirty.set(path, record.from);
        break;
      case 'clean':
        this.dirty.delete(path);
        break;
      case 'copy':
        for (const at of this.#below(record.from))
          for (const origin of this.origins.get(at) ?? [])
            this.#put((path + at.slice(record.from.length)) as ByteString, origin);
        break;
    }
  }

  #put(path: ByteString, origin: Origin): void {
    const others = this.origins.get(path)?.filter((o) => o.flashLo !== origin.flashLo || o.flashHi !== origin.flashHi);
    this.origins.set(path, [...(others ?? []), origin]);
  }

  #below(path: ByteString): ByteString[] {
    return [...this.origins.keys()].filter((at) => at.startsWith(`${path}/`));
  }
}
