// What is asked of a live mount that takes its time: begun here, gone on with between requests (session-thread.ts).

import { Add } from '../capture/add.ts';
import { Forget } from '../capture/forget.ts';
import { LettingGo } from '../ops/letting-go.ts';
import { isDir } from '../tree/node.ts';
import type { LiveSession } from './live-session.ts';
import type { Questions, Reply } from './session-messages.ts';

export function startAdd(live: LiveSession, { paths, pid }: Questions['add']['about'], reply: Reply<'add'>): void {
  const { engine, copies, journal } = live;
  const { tree, capture } = engine;
  live.chores.push(new Add({ tree, capture, copies }, paths, journal.asked(pid, 'add'), reply.give));
}

export function startForget(
  live: LiveSession,
  { paths, pid, force }: Questions['forget']['about'],
  reply: Reply<'forget'>,
): void {
  const { engine, journal, session } = live;
  const { tree, marks } = engine;
  const parts: ConstructorParameters<typeof Forget>[0] = {
    tree,
    marks,
    journal,
    onForgotten: (node, parent, name) => {
      // What it keeps of the content, or of where a symlink leads, came from flash.
      session.notify.invalInode(node.id, 0, 0);
      if (session.negotiated?.expireOnly === true) session.notify.expireEntry(parent.id, name);
      else if (!isDir(node)) session.notify.invalEntry(parent.id, name);
    },
  };
  live.chores.push(new Forget(parts, paths, force, journal.asked(pid, 'forget'), reply.give));
}

export function startLettingGo(
  live: LiveSession,
  { force, pid }: Questions['let-go']['about'],
  reply: Reply<'let-go'>,
): void {
  const { engine, journal, diskStage, chores } = live;
  const closeOthers = (): void => {
    diskStage.close();
  };
  const parts = { engine, needsDisk: () => needsDisk(live), closeOthers };
  chores.push(new LettingGo(parts, force, journal.asked(pid, 'add'), reply.give));
}

/** Whether work is under way, or waits, that needs disk. What else comes to need it is to be asked here. */
function needsDisk({ copies, pool, chores }: LiveSession): boolean {
  const inThreads = pool.pending('capture') + pool.pending('io') + pool.pending('big');
  return chores.length > 1 || copies.pending + copies.copying + inThreads > 0;
}
