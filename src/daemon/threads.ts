// The threads of a mount before there is one. Each takes as long to load as node takes to start, and none needs to know what will be mounted: so
// they are begun as early as can be, and go on beside whatever else there is to do.

import { asBytes } from '../bytes.ts';
import { newCounterMemory } from '../fuse/counters.ts';
import { startNotifier } from '../fuse/notifier.ts';
import type { Notifier } from '../fuse/notifier.ts';
import { AT_FDCWD } from '../sys/at.ts';
import { O_DIRECTORY, O_RDONLY, openFollow } from '../sys/open.ts';
import { eventfd } from '../sys/poll.ts';
import { SessionLink } from './session-link.ts';
import { StartError } from './start-error.ts';

export interface Threads {
  /** The session's thread, which loads the copy threads. */
  readonly link: SessionLink;
  /** Once it is loaded; never rejects. */
  readonly notifier: Promise<Notifier | StartError>;
  /** /proc, as it is mounted now. */
  readonly procFd: number;
  readonly counters: SharedArrayBuffer;
  /** Ends them as they are. To be waited for before the process exits: node aborts where a thread is just being loaded. */
  close(): Promise<void>;
}

/** Begins to load them. What fails is told when they are used; their bugs are warnings. */
export function loadThreads(): Threads {
  const procFd = openFollow(AT_FDCWD, asBytes('/proc'), O_RDONLY | O_DIRECTORY);
  const counters = newCounterMemory();
  const link = new SessionLink({ procFd, wakeFd: eventfd(), counters });
  link.on('bug', ({ what }) => {
    process.emitWarning(what);
  });
  const notifier = startNotifier().catch(
    (thrown: unknown) => new StartError('failed', `the notifier's thread: ${String(thrown)}`),
  );
  return {
    link,
    notifier,
    procFd,
    counters,
    close: async () => {
      await link.close();
      const loaded = await notifier;
      if (!(loaded instanceof StartError)) await loaded.close();
    },
  };
}
