// The answers to the questions of the main thread, in the session's thread, between requests: so an answer may use and change all that the
// session owns, and must not take long.

import { inspect } from 'node:util';
import type { ByteString } from '../bytes.ts';
import { ENOSPC, errnoName } from '../errno.ts';
import { heapUsed } from './memory-use.ts';
import { comeBack } from '../ops/coming-back.ts';
import type { Engine } from '../ops/engine.ts';
import { switchRules } from '../ops/rule-switch.ts';
import { BadGlob } from '../policy/exclude-rule.ts';
import { Excludes } from '../policy/excludes.ts';
import { newStat } from '../sys/stat.ts';
import type { Stat } from '../sys/stat.ts';
import type { Changes } from '../upgrade/changes.ts';
import { startAdd, startForget, startLettingGo } from './chores.ts';
import type { LiveSession } from './live-session.ts';
import type { LiveRules, Question, QuestionName, Questions, Reply, SessionStatus } from './session-messages.ts';

/** One per question; it calls `reply` once, now or later. */
type Answers = {
  readonly [Q in QuestionName]: (live: LiveSession, about: Questions[Q]['about'], reply: Reply<Q>) => void;
};

const ANSWERS: Answers = {
  status: (live, _about, reply) => reply.give(statusOf(live)),
  settle: (live, _about, reply) => {
    live.engine.mirror.force();
    live.settling.push(reply);
  },
  excludes: obeyExcludes,
  mode: turnMode,
  changes: ({ engine }, _about, reply) => reply.give(changesOf(engine)),
  'let-go': startLettingGo,
  'come-back': takeBack,
  add: startAdd,
  forget: startForget,
};

/** Answers a question. What throws is a bug: it is refused with, and returned for the log. */
export function answer<Q extends QuestionName>(
  live: LiveSession,
  { question, about }: Pick<Question<Q>, 'question' | 'about'>,
  reply: Reply<Q>,
): string | undefined {
  try {
    ANSWERS[question](live, about, reply);
    return undefined;
  } catch (error) {
    reply.refuse('failed', `${question}: ${String(error)}`);
    return inspect(error);
  }
}

function turnMode(
  { engine, modeSwitch }: LiveSession,
  { watched, ...turn }: Questions['mode']['about'],
  reply: Reply<'mode'>,
): void {
  const was = modeSwitch.mode;
  const { to } = turn;
  if (to === 'upgrade' && was !== to) {
    const begun = beginUpgrade(engine);
    if (begun < 0) {
      reply.refuse('failed', `upgrade mode: flash cannot keep what is wanted: ${errnoName(begun)}`);
      return;
    }
  }
  if (was === 'upgrade' && to !== was) endUpgrade(engine);
  engine.changes.watch(watched);
  modeSwitch.turn(turn, () => {
    reply.give(was);
  });
}

/** 0 or an Errno: then nothing is wanted. */
function beginUpgrade({ mirror, ties, tree, wanted }: Engine): number {
  const begun = mirror.lacksRoom() ? ENOSPC : wanted.begin(tree.flash.fd(tree.flash.root));
  if (begun < 0) wanted.end();
  else ties.loosen();
  return begun;
}

/** What is dirty by now is mirrored in any mode. */
function endUpgrade({ ties, wanted }: Engine): void {
  ties.fasten(wanted.all);
  wanted.end();
}

function changesOf({ changes, mirror, tree }: Engine): ReturnType<Changes['report']> {
  const stat = newStat();
  const stampOf = (path: ByteString): Stat | undefined => {
    const node = tree.walk(path);
    if (typeof node === 'number') return undefined;
    const err = tree.attributes(node, stat);
    tree.release(node);
    return err < 0 ? undefined : stat;
  };
  return changes.report((path) => mirror.follows(path), stampOf);
}

function obeyExcludes(live: LiveSession, { rules, mounts }: LiveRules, reply: Reply<'excludes'>): void {
  const excludes = Excludes.compile(rules, live.configuredExcludes);
  if (excludes instanceof BadGlob) {
    reply.refuse('bad-args', excludes.message);
    return;
  }
  switchRules(live.engine, excludes, mounts, () => {
    reply.give(null);
  });
}

function takeBack({ engine }: LiveSession, opened: Questions['come-back']['about'], reply: Reply<'come-back'>): void {
  const { remote, tree } = engine;
  if (remote?.disk.isFree === false) {
    reply.refuse('failed', 'calls on the disk that was detached still wait for its server: umount -f of it ends them');
    return;
  }
  const isIt = comeBack(tree, opened);
  if (!isIt && tree.disk.silent) reply.refuse('failed', 'disk does not answer');
  else reply.give(isIt);
}

function remoteOf({ remote, tree }: Engine): SessionStatus['remote'] {
  if (remote === null) return null;
  const { disk, waiters } = remote;
  const { since } = disk.silence;
  return {
    silent: since === null ? null : (performance.now() - since) / 1000,
    waiting: waiters.size,
    used: tree.disk.away ? 0 : disk.used(tree.disk.root.fd),
  };
}

function statusOf({ engine, copies, journal, space, modeSwitch, chores }: LiveSession): SessionStatus {
  // Only under `node --expose-gc`: then the heap is what is in use, not what was.
  globalThis.gc?.();
  return {
    mode: modeSwitch.mode,
    nodes: engine.tree.table.size,
    openFiles: engine.data.openFiles,
    whiteouts: engine.tree.marks.whiteouts,
    passthrough: engine.data.passthrough,
    pending: copies.pending,
    copying: copies.copying,
    asked: chores.reduce((sum, { left }) => sum + left, 0),
    mirror: { pending: engine.mirror.pending, failed: engine.mirror.failed },
    free: space.free,
    full: space.full || copies.starved,
    counts: journal.counts,
    heapUsed: heapUsed(),
    remote: remoteOf(engine),
  };
}
