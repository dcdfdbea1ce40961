// A copy thread (entry of a worker): takes tasks, does them with blocking calls, answers. It owns no state of the mount: what it
// may write is the stage, the descriptors that tasks name, and replies on /dev/fuse. Everything is loaded before it is ready.

import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { EIO } from '../errno.ts';
import { unlinkat } from '../sys/link.ts';
import { close } from '../sys/open.ts';
import { signalEvent } from '../sys/poll.ts';
import { enterProc } from '../sys/process.ts';
import { copyObject, stageObject } from './exact-copy.ts';
import type { Copied, CopyOrder, Staged } from './exact-copy.ts';
import { SyncPolicy, commit, startWriteback } from './group-commit.ts';
import { failReply, readReply, sync, syncReply, writeReply } from './served-io.ts';
import { ENDED, FAILED, READY, WAKING } from './tasks.ts';
import type { Answer, CopyTask, CopyUpTask, Envelope, Task, ThreadData, ThreadGround } from './tasks.ts';

/** A group commit takes at most so many files, or the first file beyond so many bytes. */
const GROUP_FILES = 64;
const GROUP_BYTES = 1 << 26;

const { port, control } = workerData as ThreadData;
/** Told by the first message, before any task. */
let ground: ThreadGround;

/** Tasks that were taken while they could not be done. */
const backlog: Envelope[] = [];
const syncPolicy = new SyncPolicy();
let closing = false;

function post(answers: Answer[]): void {
  port.postMessage(answers);
  // The message is there before the flag is looked at, so a client that clears the flag and then looks for messages misses none.
  if (Atomics.exchange(control, WAKING, 1) === 0) signalEvent(ground.wakeFd);
}

// The next task in the queue. The last thing in it is null: the client has closed the pool. The port must stay until all is answered.
function take(): Envelope | undefined {
  const envelope = (receiveMessageOnPort(port) as { message: Envelope | null } | undefined)?.message;
  closing ||= envelope === null;
  return envelope ?? undefined;
}

function isCopy(task: Task): task is CopyTask | CopyUpTask {
  return task.kind === 'copy' || task.kind === 'copyUp';
}

function bugAnswer(id: number, thrown: unknown): Answer {
  return { id, result: EIO, bug: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown) };
}

/** Between the strides of a big copy: requests that somebody waits for are served, other copies stay. */
function serveOthers(): void {
  for (let next = take(); next !== undefined; next = take()) {
    if (isCopy(next.task)) backlog.push(next);
    else serve(next);
  }
}

function serve(envelope: Envelope): void {
  const { id, task } = envelope;
  try {
    post([{ id, result: done(task) }]);
  } catch (thrown) {
    post([failed(id, task, thrown)]);
  }
}

/** After an exception: its caller gets EIO, if that can be told. Throws nothing itself: it is called while others are being copied. */
function failed(id: number, task: Task, thrown: unknown): Answer {
  try {
    if ('uniqueLo' in task) failReply(ground.fuseFd, task, EIO);
  } catch (again) {
    return bugAnswer(id, again);
  }
  return bugAnswer(id, thrown);
}

function done(task: Task): Copied | number {
  switch (task.kind) {
    case 'readReply':
      return readReply(ground.fuseFd, task);
    case 'writeReply':
      return writeReply(ground.fuseFd, task);
    case 'syncReply':
      return syncReply(ground.fuseFd, task);
    case 'sync':
      return sync(task.fd, task.how);
    case 'copyUp':
      return owning(task, () => copyObject(order(task), task.durable));
    case 'copy':
      return owning(task, () => copyObject(order(task), true));
  }
}

function order(task: CopyTask | CopyUpTask): CopyOrder {
  const { sourceFd, stageName, data } = task;
  const to = task.kind === 'copyUp' ? task.to : undefined;
  const stage = { stageDirFd: to?.fd ?? ground.stageDirFd, features: to?.features ?? ground.features };
  return { sourceFd, stageName, data, ...stage, between: serveOthers };
}

function owning<T>(task: CopyTask | CopyUpTask, run: () => T): T {
  try {
    return run();
  } finally {
    close(task.sourceFd);
  }
}

interface GroupMember {
  id: number;
  task: CopyTask;
  staged: Staged;
}

/** Stages `first` and the captures that are queued behind it, syncs them together, then answers for each of them once, whatever is thrown. */
function copyGroup(first: Envelope): void {
  const answers: Answer[] = [];
  const members: GroupMember[] = [];
  try {
    stageGroup(first, answers, members);
    answers.push(...committed(members));
  } catch (thrown) {
    // Nothing throws once they are committed: they are as they were staged.
    for (const { id, task, staged } of members) {
      close(staged.fd);
      unlinkat(ground.stageDirFd, task.stageName);
      answers.push(bugAnswer(id, thrown));
    }
  }
  post(answers);
}

/** `members` gets those that have to be synced, `answers` the answers for the others. */
function stageGroup(first: Envelope, answers: Answer[], members: GroupMember[]): void {
  let bytes = 0;
  let next: Envelope | undefined = first;
  for (; next !== undefined; next = members.length < GROUP_FILES && bytes < GROUP_BYTES ? nextOfGroup() : undefined) {
    const { id, task } = next;
    if (task.kind !== 'copy') break;
    try {
      const staged = owning(task, () => stageObject(order(task)));
      if (typeof staged === 'number') answers.push({ id, result: staged });
      else if (staged.fd < 0) answers.push({ id, result: { bytes: staged.bytes, degraded: staged.degraded } });
      else {
        startWriteback(staged.fd);
        members.push({ id, task, staged });
        bytes += staged.bytes;
      }
    } catch (thrown) {
      answers.push(bugAnswer(id, thrown));
    }
  }
}

// The next capture that is queued; what else was queued before it is served or kept for later.
function nextOfGroup(): Envelope | undefined {
  if (backlog[0]?.task.kind === 'copy') return backlog.shift();
  for (let next = take(); next !== undefined; next = take()) {
    if (next.task.kind === 'copy' && backlog.length === 0) return next;
    if (isCopy(next.task)) backlog.push(next);
    else serve(next);
  }
  return undefined;
}

function committed(members: readonly GroupMember[]): Answer[] {
  const fds = members.map((member) => member.staged.fd);
  const errors = commit(fds, ground.stageDirFd, syncPolicy);
  return members.map(({ id, task, staged }, i) => {
    // Closed before anybody hears of it: a program open for writing cannot be executed.
    close(staged.fd);
    const err = errors[i] ?? EIO;
    if (err === 0) return { id, result: { bytes: staged.bytes, degraded: staged.degraded } };
    unlinkat(ground.stageDirFd, task.stageName);
    return { id, result: err };
  });
}

function run(envelope: Envelope | null): void {
  closing ||= envelope === null;
  for (let next = envelope ?? undefined; next !== undefined; next = backlog.shift()) {
    if (next.task.kind === 'copy') copyGroup(next);
    else serve(next);
  }
  if (closing) port.close();
}

function ended(): void {
  Atomics.add(control, ENDED, 1);
  Atomics.notify(control, ENDED);
}

function begin(told: ThreadGround): void {
  ground = told;
  const entered = enterProc(ground.procFd);
  if (entered < 0) Atomics.compareExchange(control, FAILED, 0, entered);
  Atomics.add(control, READY, 1);
  Atomics.notify(control, READY);
}

port.on('message', (message: ThreadGround | Envelope | null) => {
  if (message !== null && 'wakeFd' in message) begin(message);
  else run(message);
});
port.on('close', ended);
parentPort?.postMessage('loaded');
