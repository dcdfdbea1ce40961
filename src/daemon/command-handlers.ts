// What each command of the control socket does to a daemon. What only the session's thread can answer is a question to it (`daemon.ask`).

import { EBUSY, errnoName } from '../errno.ts';
import { Refusal } from '../control/refusal.ts';
import type { Handlers } from '../control/server.ts';
import type { LeftOut } from '../capture/chore.ts';
import { asBytes, display, fromText } from '../bytes.ts';
import type { ByteString } from '../bytes.ts';
import type * as Public from '../control/protocol.ts';
import type { Changed } from '../upgrade/changes.ts';
import { Borrowers } from './borrowers.ts';
import type { Daemon } from './daemon-api.ts';

export function handlersOf(daemon: Daemon): Handlers {
  const borrowers = new Borrowers(daemon);
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
    async rehearse({ end }, { pid }, connection) {
      return end === true ? borrowers.of(connection, 'rehearse').end() : borrowers.add('rehearse', pid, connection);
    },
    async upgrade({ end }, { pid }, connection) {
      return end === true ? borrowers.of(connection, 'upgrade').end() : borrowers.add('upgrade', pid, connection);
    },
    async changes(_args, _peer, connection) {
      borrowers.of(connection, 'upgrade');
      const { changed, more } = await daemon.ask('changes', null);
      return { changed: changed.map(changeShown), more };
    },
    async misses(_args, _peer, connection) {
      const { misses } = borrowers.of(connection, 'rehearse');
      // What was missed until now has been told before the session answers.
      await daemon.ask('status', null);
      return misses.all;
    },
    async detach({ wait, force }, { pid }, connection) {
      let ended = false;
      connection.atEnd(() => (ended = true));
      const how = { force: force ?? false, wait: wait ?? 0, givenUp: () => ended };
      const { gone, held } = await daemon.detach(how, { how: 'control', pid, reason: 'detach' });
      return { detached: gone, held: held.map(({ path, ...more }) => ({ path: `/${display(path)}`, ...more })) };
    },
    attach({ disk }, { pid }) {
      const path = disk === undefined ? undefined : Buffer.from(`/${bytesOf(disk)}`, 'latin1').toString();
      return daemon.attach(path, { how: 'control', pid, reason: 'attach' });
    },
    async add({ paths }, { pid }) {
      daemon.needDisk('add');
      const { failed, ...counts } = await daemon.ask('add', { paths: paths.map(bytesOf), pid });
      return { ...counts, failed: failed.count, failures: failed.first.map(shown) };
    },
    async forget({ paths, force }, { pid }) {
      daemon.needDisk('forget');
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

function changeShown({ path, what, on }: Changed): Public.Change {
  const text = display(path);
  const exact = fromText(text) === path ? {} : { pathBytes: Buffer.from(path, 'latin1').toString('hex') };
  return { path: `/${text}`, ...exact, what, on };
}

function shown({ path, reason }: LeftOut): Public.LeftOut {
  return { path: `/${display(path)}`, reason };
}
