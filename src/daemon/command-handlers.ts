// What each command of the control socket does to a daemon. What only the session's thread can answer is a question to it (`daemon.ask`).

import { EBUSY, errnoName } from '../errno.ts';
import { Refusal } from '../control/refusal.ts';
import type { Handlers } from '../control/server.ts';
import type { LeftOut } from '../capture/chore.ts';
import { asBytes, display, fromText } from '../bytes.ts';
import type { ByteString } from '../bytes.ts';
import type * as Public from '../control/protocol.ts';
import type { Daemon } from './daemon-api.ts';

export function handlersOf(daemon: Daemon): Handlers {
  return {
    status: () => daemon.status(),
    async settle() {
      await daemon.settle();
      return {};
    },
    async mode({ to }, { pid }) {
      if (to !== undefined) return daemon.switchMode(to, { how: 'control', pid });
      const { mode } = await daemon.status();
      return { mode, was: mode, notKept: null, complete: true };
    },
    async add({ paths }, { pid }) {
      const { failed, ...counts } = await daemon.ask('add', { paths: paths.map(bytesOf), pid });
      return { ...counts, failed: failed.count, failures: failed.first.map(shown) };
    },
    async forget({ paths, force }, { pid }) {
      const about = { paths: paths.map(bytesOf), pid, force: force ?? false };
      const { forgotten, kept } = await daemon.ask('forget', about);
      return { forgotten, kept: kept.count, keptBecause: kept.first.map(shown) };
    },
    sync: () => daemon.sync(),
    async unmount({ lazy }) {
      const result = await daemon.unmount({ lazy: lazy ?? false });
      if (result === EBUSY) throw new Refusal('busy', 'the mount is in use');
      if (result < 0) throw new Refusal('failed', `umount: ${errnoName(result)}`);
      return {};
    },
    excludes: () => Promise.resolve({ rules: daemon.excludes }),
    async 'exclude-add'({ globs }) {
      return { complete: await daemon.addExcludes(globs) };
    },
    async 'exclude-rm'({ globs }) {
      return { complete: await daemon.removeExcludes(globs) };
    },
  };
}

/** Without the leading slash. */
function bytesOf(path: Public.PathText): ByteString {
  const bytes = typeof path === 'string' ? fromText(path) : Buffer.from(path.bytes, 'hex').toString('latin1');
  return asBytes(bytes.slice(1));
}

function shown({ path, reason }: LeftOut): Public.LeftOut {
  return { path: `/${display(path)}`, reason };
}
