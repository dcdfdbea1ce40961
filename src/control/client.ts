// One conversation with a live mount's control socket. Every way in which a daemon can be absent, dead or deaf is a ClientError with a reason.

import { lstatSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { LineSplitter } from './lines.ts';
import type { MountEntry } from './mounts.ts';
import {
  MAX_REQUEST_BYTES,
  PROTOCOL_VERSION,
  type CommandName,
  type Commands,
  type ErrorCode,
  type Reply,
} from './protocol.ts';
import { socketPaths } from './socket-path.ts';

/** Longest reply in bytes that is believed. */
const MAX_REPLY_BYTES = 64 * 1024 * 1024;
const CONNECT_TIMEOUT_MS = 5_000;
/** Commands that a daemon answers at once, whatever it is doing: who waits longer than this (ms) waits for one that is stopped or stuck. */
const QUICK: ReadonlySet<CommandName> = new Set<CommandName>([
  'status',
  'mode',
  'rehearse',
  'misses',
  'upgrade',
  'changes',
  'excludes',
  'exclude-add',
  'exclude-rm',
]);
const PATIENCE_MS = 30_000;

/** `unreachable`: nobody answers there; the other codes are the daemon's own. */
export class ClientError extends Error {
  readonly code: ErrorCode | 'unreachable';

  constructor(code: ClientError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: ClientError) => void;
}

export class ControlClient {
  readonly #socket: Socket;
  readonly #patience: number;
  readonly #lines = new LineSplitter(MAX_REPLY_BYTES);
  readonly #waiting = new Map<number, Waiting>();
  /** Resolves when the daemon has ended the connection, as it does when it leaves. */
  readonly ended: Promise<void>;
  #lastId = 0;
  /** Why nothing more will be answered. */
  #over: ClientError | undefined;

  private constructor(socket: Socket, patience: number) {
    this.#socket = socket;
    this.#patience = patience;
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('error', () => {});
    this.ended = new Promise((resolve) => {
      socket.once('close', () => {
        this.#abandon(
          this.#over ?? new ClientError('unreachable', 'the daemon ended the connection without an answer'),
        );
        resolve();
      });
    });
  }

  /** `patience`: ms to wait for an answer that needs no work. @throws ClientError `unreachable`. */
  static async connect(path: string, patience = PATIENCE_MS): Promise<ControlClient> {
    const socket = await open(path);
    return new ControlClient(socket, patience);
  }

  /** @throws ClientError, with the code that the daemon gave, or `unreachable` when it is gone before it answered. */
  request<C extends CommandName>(command: C, args: Commands[C]['args']): Promise<Commands[C]['result']> {
    const id = ++this.#lastId;
    const line = Buffer.from(`${JSON.stringify({ v: PROTOCOL_VERSION, id, command, args })}\n`);
    if (line.length > MAX_REQUEST_BYTES) {
      const most = `a request of ${String(line.length)} bytes is too long (${String(MAX_REQUEST_BYTES)} at most)`;
      return Promise.reject(new ClientError('bad-args', `${command}: ${most}: ask for less at a time`));
    }
    return new Promise((resolve, reject) => {
      if (this.#over !== undefined || this.#socket.destroyed) {
        reject(this.#over ?? new ClientError('unreachable', 'the daemon is gone'));
        return;
      }
      this.#waiting.set(id, { resolve: resolve as Waiting['resolve'], reject });
      if (QUICK.has(command)) this.#watch(id, command);
      this.#socket.write(line);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #watch(id: number, command: CommandName): void {
    setTimeout(() => {
      if (!this.#waiting.has(id)) return;
      const seconds = this.#patience / 1000;
      const message = `no answer to ${command} for ${seconds} s: its daemon is stopped, stuck or overloaded`;
      this.#abandon(new ClientError('unreachable', message));
      this.#socket.destroy();
    }, this.#patience).unref();
  }

  #receive(chunk: Buffer): void {
    const lines = this.#lines.push(chunk);
    for (const line of lines ?? []) this.#settle(line);
    if (!lines) this.#socket.destroy();
  }

  #settle(line: string): void {
    let reply: Reply;
    try {
      reply = JSON.parse(line) as Reply;
    } catch {
      this.#socket.destroy();
      return;
    }
    // To all that was asked: we are turned away.
    if (reply.id === 0 && !reply.ok) {
      this.#abandon(new ClientError(reply.error.code, reply.error.message));
      return;
    }
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (reply.ok) waiting?.resolve(reply.result);
    else waiting?.reject(new ClientError(reply.error.code, reply.error.message));
  }

  #abandon(error: ClientError): void {
    this.#over = error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

/** Connects to a mount's socket, wherever its owner has it. @throws ClientError `unreachable`, naming what was tried. */
export async function connectToMount(mount: MountEntry): Promise<ControlClient> {
  const failures: string[] = [];
  for (const path of socketPaths(mount)) {
    const wrong = distrust(path, mount.owner);
    if (wrong !== undefined) failures.push(wrong);
    else {
      try {
        return await ControlClient.connect(path);
      } catch (error) {
        failures.push((error as Error).message);
      }
    }
  }
  // That one of several places is empty says little beside a socket that nobody answers at.
  const telling = failures.filter((failure) => !failure.endsWith(ABSENT));
  throw new ClientError('unreachable', (telling.length > 0 ? telling : failures).join('; '));
}

/** Why a socket is not to be talked to: it is not there, or its directory is somebody else's. */
function distrust(path: string, owner: number): string | undefined {
  try {
    const { uid } = lstatSync(dirname(path));
    if (uid !== owner && uid !== 0 && uid !== process.getuid?.()) return `${path}: belongs to uid ${uid}`;
    lstatSync(path);
    return undefined;
  } catch (error) {
    return `${path}: ${REASONS.get((error as NodeJS.ErrnoException).code ?? '') ?? (error as Error).message}`;
  }
}

function open(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    const fail = (reason: string): void => {
      socket.destroy();
      reject(new ClientError('unreachable', `${path}: ${reason}`));
    };
    const timer = setTimeout(() => fail('no answer'), CONNECT_TIMEOUT_MS);
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.removeAllListeners('error');
      resolve(socket);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      fail(REASONS.get(error.code ?? '') ?? error.message);
    });
  });
}

const ABSENT = 'no such socket';

const REASONS = new Map([
  ['ENOENT', ABSENT],
  ['ECONNREFUSED', 'a stale socket: its daemon is gone'],
  ['EACCES', 'permission denied: only root and the owner of the mount may ask'],
]);
