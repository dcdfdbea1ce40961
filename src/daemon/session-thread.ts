// Body of the session's thread: loads what it needs, is told what to make a merged root of, then serves that until the mount is gone. While it
// serves, its event loop does not run: orders come through a port that is read when the eventfd fires, answers go out by postMessage, which
// needs no loop.

import { inspect } from 'node:util';
import { receiveMessageOnPort, workerData } from 'node:worker_threads';
import { startCopyPool } from '../copy/copy-pool.ts';
import type { CopyPool } from '../copy/copy-pool.ts';
import { CopyThreads } from '../copy/copy-threads.ts';
import { errnoName } from '../errno.ts';
import { DeviceChannel } from '../fuse/channel.ts';
import { notificationSink } from '../fuse/notifier.ts';
import { Session } from '../fuse/session.ts';
import { giveUpAhead } from '../ops/ahead.ts';
import type { Engine } from '../ops/engine.ts';
import { IdleProcessors } from '../sys/idle.ts';
import { RunQueue } from '../sys/load.ts';
import { drainEvent, POLLIN, PollSet } from '../sys/poll.ts';
import { enterProc, umask } from '../sys/process.ts';
import { answer } from './answers.ts';
import { assemble, prepare } from './engine-parts.ts';
import type { Groundwork, Parts } from './engine-parts.ts';
import type { LiveSession } from './live-session.ts';
import { askByOthers, doWithoutDisk, lookAtDisk, operationsOver, tellOfDisk } from './remote-parts.ts';
import type { Beginning, News, Order, Question, QuestionName, Reply, ThreadGround } from './session-messages.ts';

/** Longest sleep between two looks at the copy threads' answers, which wake us by themselves. */
const FINISH_WAIT_NS = 1e9;
/** Threads that read and copy from a disk that may wait without end. */
const REMOTE_THREADS = 2;
/** How long (ms) they may take to end. */
const REMOTE_CLOSE_MS = 5000;

const { port, procFd, wakeFd, counters } = workerData as ThreadGround;

function say(news: News): void {
  port.postMessage(news);
}

function onBug(what: string): void {
  say({ kind: 'bug', what });
}

function serve(ground: Groundwork, order: Extract<Beginning, { kind: 'serve' }>): void {
  const { features, config } = ground;
  const stageDirFd = data.layout.stage;
  const pool = startCopyPool(threads, { wakeFd, procFd, fuseFd: order.fuseFd, stageDirFd, features });
  if (typeof pool === 'number') {
    say({ kind: 'failed', reason: `the copy threads did not become ready: ${errnoName(pool)}` });
    return;
  }
  const remote = ground.isRemote
    ? askByOthers(ground.disk, { wakeFd, procFd, stageDirFd, features, onBug, patience: config.diskPatience })
    : null;
  if (typeof remote === 'number') {
    say({ kind: 'failed', reason: `the threads that ask disk did not become ready: ${errnoName(remote)}` });
    return;
  }
  const parts = assemble(ground, { pool, remote, fuseFd: order.fuseFd, passthrough: config.passthrough });
  tellOfDisk(parts.engine, parts.journal);
  const runQueue = new RunQueue();
  const idleProcessors = new IdleProcessors();
  const session = new Session<Engine>({
    channel: new DeviceChannel(order.fuseFd, wakeFd),
    operations: operationsOver(parts.engine),
    context: parts.engine,
    wants: {
      without: config.passthrough ? [] : ['FUSE_PASSTHROUGH'],
      also: parts.engine.listings.cacheable ? ['FUSE_NO_OPENDIR_SUPPORT'] : [],
    },
    notifier: notificationSink(order.notifier),
    counters,
    hooks: {
      onNegotiated: (negotiated) => {
        parts.engine.kernel.connect(session.notify, negotiated.expireOnly);
        parts.engine.data.allow(negotiated.passthrough);
        parts.engine.listings.zeroMessageOpendir = negotiated.flags.includes('FUSE_NO_OPENDIR_SUPPORT');
        say({ kind: 'serving' });
      },
      onWake: () => {
        giveUpAhead(parts.engine);
        pool.drain();
        remote?.disk.drain();
        for (let next = receive(); next !== undefined; next = receive()) obey(next, live);
        work(live);
      },
      idle: () => {
        if (!work(live)) return getAhead(parts.engine);
        giveUpAhead(parts.engine);
        return true;
      },
      nextDeadline: () =>
        earlier(
          earlier(parts.engine.kernel.deadline, parts.engine.recentFiles.deadline),
          remote?.disk.silence.deadline,
        ),
      onDeadline: () => {
        parts.engine.kernel.step();
        parts.engine.recentFiles.expire();
        lookAtDisk(parts.engine);
      },
      isCrowded: () => runQueue.isCrowded(),
      onStream: (on) => {
        idleProcessors.wait(on);
      },
      onBug: (error, request) => {
        say({ kind: 'bug', what: `${request?.operation ?? 'session'}: ${inspect(error)}` });
      },
    },
  });
  parts.modeSwitch.begin(data.modeKept ? 'it was switched to' : 'an option');
  const live: LiveSession = { ...parts, pool, session, settling: [], chores: [] };
  const ending = session.run();
  // Nobody asks any more, but what was used before umount(8) is still to be captured.
  if (ending.reason === 'unmounted') finishCopies(parts, pool);
  const isDone = pool.close(remote === null ? undefined : REMOTE_CLOSE_MS);
  parts.diskStage.close();
  report(parts);
  parts.journal.close();
  parts.engine.markSync.now();
  const isShut = remote === null || remote.disk.shut();
  say({ kind: 'ended', ending, stuck: !isDone || !isShut });
}

function earlier(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
}

function finishCopies(parts: Parts, pool: CopyPool): void {
  const set = new PollSet(1);
  set.watch(0, wakeFd, POLLIN);
  const { mirror } = parts.engine;
  mirror.force();
  while (!isSettled(parts)) {
    const mirrored = mirror.pump();
    if (!parts.copies.pump() && !mirrored) set.wait(FINISH_WAIT_NS);
    drainEvent(wakeFd);
    pool.drain();
    parts.engine.remote?.disk.drain();
    lookAtDisk(parts.engine);
  }
}

/** Gets ready what will be asked for next: whether there was anything to do. */
function getAhead(engine: Engine): boolean {
  return engine.nextFile.work() || engine.nextListing.work();
}

/** A piece of each chore: whether there was anything to do. */
function goOn({ chores }: LiveSession): boolean {
  let busy = false;
  for (const chore of [...chores]) {
    busy = chore.step() || busy;
    if (chore.over) chores.splice(chores.indexOf(chore), 1);
  }
  return busy;
}

/** What is done between requests: whether anything was. */
function work(live: LiveSession): boolean {
  const { copies, engine, pool, settling } = live;
  const busy = goOn(live);
  const mirrored = engine.mirror.pump();
  const letIn = engine.remote?.disk.letIn() === true;
  const started = engine.kernel.step() || copies.pump() || mirrored || busy || letIn;
  report(live);
  if (settling.length > 0 && isSettled(live)) {
    copies.retry();
    if (!isSettled(live)) return true;
    const waiting = settling.splice(0);
    pool.submit('capture', { kind: 'sync', fd: data.layout.stage, how: 'syncfs' }, () => {
      for (const reply of waiting) reply.give(null);
    });
  }
  return started;
}

function isIdle({ copies, engine }: Parts): boolean {
  return copies.pending === 0 && copies.copying === 0 && engine.mirror.idle;
}

/** Nothing is under way but what waits for a disk that does not answer. */
function isSettled(parts: Parts): boolean {
  return parts.engine.tree.disk.silent || isIdle(parts);
}

function report({ journal }: Parts): void {
  const events = journal.take();
  if (events !== undefined) say({ kind: 'events', events });
}

function obey(order: Order, live: LiveSession): void {
  switch (order.kind) {
    case 'question': {
      // An answer comes after the news of what it tells about.
      report(live);
      const bug = answer(live, order, replyTo(order));
      if (bug !== undefined) say({ kind: 'bug', what: bug });
      break;
    }
    case 'mounted-on':
      live.engine.capture.mountedOn(order.paths);
      break;
    case 'moved':
      live.journal.mountedAt(order.mountpoint);
      break;
    case 'do-without':
      doWithoutDisk(live.engine);
      break;
    case 'stop':
      live.session.stop();
      break;
  }
}

function replyTo<Q extends QuestionName>({ id }: Question<Q>): Reply<Q> {
  return {
    give: (answer) => {
      say({ kind: 'answer', id, answer });
    },
    refuse: (code, message) => {
      say({ kind: 'refusal', id, error: { code, message } });
    },
  };
}

function receive(): Order | undefined {
  return (receiveMessageOnPort(port) as { message: Order } | undefined)?.message;
}

/** The next message, which is this one. Heard from when this is called. */
function told<K extends Beginning['kind']>(_: K): Promise<Extract<Beginning, { kind: K }>> {
  return new Promise((resolve) => port.once('message', resolve));
}

/** The same, once there are threads to copy for it; else what is wrong. */
async function ready(prepared: Groundwork | string): Promise<Groundwork | string> {
  if (typeof prepared === 'string') return prepared;
  if (prepared.isRemote) threads.add('remote', REMOTE_THREADS);
  return threads.loaded().then(
    () => prepared,
    (thrown: unknown) => `a copy thread: ${String(thrown)}`,
  );
}

const entered = enterProc(procFd);
// New files get the modes that their makers ask for: the mask was applied, or must not be.
umask(0);
// They are loaded while this thread waits, and looks at the branches: before anything is mounted, since their modules may lie below the mount.
const threads = new CopyThreads(onBug);
const { data } = await told('prepare');
const ground = entered < 0 ? `proc: ${errnoName(entered)}` : await ready(prepare(data, procFd));
if (typeof ground === 'string') say({ kind: 'failed', reason: ground });
else {
  const order = told('serve');
  say({ kind: 'prepared' });
  serve(ground, await order);
}
port.close();
