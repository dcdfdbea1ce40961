// What each command of the control socket does to a daemon. What only the session's thread can answer is a question to it (`daemon.ask`).

import { EBUSY, errnoName } from '../errno.ts';
import { Refusal } from '../control/refusal.ts';
import type { Handlers } from '../control/server.ts';
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
    async unmount({ lazy }) {
      const result = await daemon.unmount({ lazy: lazy ?? false });
      if (result === EBUSY) throw new Refusal('busy', 'the mount is in use');
      if (result < 0) throw new Refusal('failed', `umount: ${errnoName(result)}`);
      return {};
    },
    excludes: () => Promise.resolve({ rules: daemon.excludes }),
    async 'exclude-add'({ globs }) {
      await daemon.addExcludes(globs);
      return {};
    },
    async 'exclude-rm'({ globs }) {
      await daemon.removeExcludes(globs);
      return {};
    },
  };
}
