// The control socket of one mount: accepts clients, frames and checks their lines, hands requests to handlers, one at a time per client.
// Knows nothing of the mount. Whatever a client sends, or does not read, costs a bounded amount of memory and disturbs nobody else.

import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { LineSplitter } from './lines.ts';
import { parseRequest } from './parse-request.ts';
import { mayAsk, peerOf, type Peer } from './peer.ts';
import { MAX_REQUEST_BYTES, type CommandName, type Commands, type Reply, type RequestOf } from './protocol.ts';
import { Refusal } from './refusal.ts';

/** What the commands do. A handler answers with the result, or throws a Refusal. */
export type Handlers = {
  readonly [C in CommandName]: (
    args: Commands[C]['args'],
    peer: Peer,
    connection: Connection,
  ) => Promise<Commands[C]['result']>;
};

/** What a client may have for as long as it is connected. The same object for all requests of one connection. */
export interface Connection {
  /** Calls `undo` once the connection has ended, whoever ended it; at once where it has. */
  readonly atEnd: (undo: () => void) => void;
}

export interface ControlServer {
  readonly path: string;
  /** Answers what is being handled, ends all clients and removes the socket. */
  close(): Promise<void>;
}

export interface Limits {
  /** Clients at one time; more are turned away. */
  readonly clients: number;
  /** Milliseconds that a client may take to finish a line it has begun, or to read a reply. */
  readonly patience: number;
}

const LIMITS: Limits = { clients: 64, patience: 10_000 };

/**
 * Listens at `path`, in a directory that is closed to others (socket-path.ts). A socket left there by a dead daemon is replaced: the
 * path is named after the mount's device number, which is ours. @throws when it cannot be bound.
 */
export async function listen(path: string, handlers: Handlers, limits: Limits = LIMITS): Promise<ControlServer> {
  const clients = new Set<Client>();
  const server = createServer((socket) => {
    const peer = peerOf(socket);
    const refusal = turnAway(peer, clients.size, limits);
    if (refusal !== undefined) {
      socket.on('error', () => {});
      socket.setTimeout(limits.patience, () => socket.destroy());
      socket.end(`${JSON.stringify({ id: 0, ok: false, error: refusal.error } satisfies Reply)}\n`, () =>
        socket.destroy(),
      );
      return;
    }
    const client = new Client(socket, peer, handlers, limits.patience);
    clients.add(client);
    socket.once('close', () => clients.delete(client));
  });
  rmSync(path, { force: true });
  await bind(server, path);
  chmodSync(path, 0o600);
  return {
    path,
    async close() {
      // The socket's name goes first, so that nobody connects to a daemon that is leaving.
      rmSync(path, { force: true });
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await Promise.all([...clients].map((client) => client.finish()));
      await closed;
    },
  };
}

function turnAway(peer: Peer, clients: number, limits: Limits): Refusal | undefined {
  if (!mayAsk(peer)) {
    return new Refusal(
      'not-permitted',
      `uid ${String(peer.uid)} may not ask: only root and the owner of the mount may`,
    );
  }
  if (clients < limits.clients) return undefined;
  return new Refusal('busy', `${limits.clients} clients are connected already: try again when some have gone`);
}

function bind(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      // Running out of descriptors refuses a client, it does not end the daemon.
      server.on('error', () => {});
      resolve();
    });
  });
}

class Client {
  readonly #socket: Socket;
  readonly #peer: Peer;
  readonly #handlers: Handlers;
  readonly #patience: number;
  readonly #lines = new LineSplitter(MAX_REQUEST_BYTES);
  /** Ends when the last line received so far has been answered. */
  #work: Promise<void> = Promise.resolve();
  #deadline: NodeJS.Timeout | undefined;
  readonly #undos: (() => void)[] = [];
  readonly #connection: Connection = {
    atEnd: (undo) => {
      if (this.#socket.closed) undo();
      else this.#undos.push(undo);
      // Its end would not be seen on a socket that nobody reads.
      this.#socket.resume();
    },
  };

  constructor(socket: Socket, peer: Peer, handlers: Handlers, patience: number) {
    this.#socket = socket;
    this.#peer = peer;
    this.#handlers = handlers;
    this.#patience = patience;
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      clearTimeout(this.#deadline);
      for (const undo of this.#undos) undo();
    });
    socket.on('data', (chunk) => this.#receive(chunk));
  }

  /** Answers what is under way, then ends the connection. */
  async finish(): Promise<void> {
    this.#socket.pause();
    await this.#work;
    const closed = new Promise<void>((resolve) => this.#socket.once('close', () => resolve()));
    if (this.#socket.closed) return;
    this.#expect(true);
    this.#socket.end(() => this.#socket.destroy());
    await closed;
  }

  #receive(chunk: Buffer): void {
    const lines = this.#lines.push(chunk);
    if (!lines) {
      this.#socket.destroy();
      return;
    }
    this.#expect(this.#lines.unfinished);
    if (lines.length === 0) return;
    this.#socket.pause();
    this.#work = this.#work.then(() => this.#answerAll(lines));
  }

  /** No more is read from the client until all that it has asked is answered and the answers are off our hands. */
  async #answerAll(lines: readonly string[]): Promise<void> {
    this.#socket.pause();
    for (const line of lines) {
      if (this.#socket.destroyed) return;
      await this.#send(await answer(line, this.#handlers, this.#peer, this.#connection));
    }
    this.#socket.resume();
  }

  #send(reply: Reply): Promise<void> {
    return new Promise((resolve) => {
      if (this.#socket.destroyed) {
        resolve();
        return;
      }
      const unfinished = this.#lines.unfinished;
      this.#expect(true);
      this.#socket.write(`${JSON.stringify(reply)}\n`, () => {
        this.#expect(unfinished);
        resolve();
      });
    });
  }

  /** Begins, or ends, the time that the client has for what it is to do. */
  #expect(something: boolean): void {
    clearTimeout(this.#deadline);
    this.#deadline = undefined;
    if (something) this.#deadline = setTimeout(() => this.#socket.destroy(), this.#patience).unref();
  }
}

async function answer(line: string, handlers: Handlers, peer: Peer, connection: Connection): Promise<Reply> {
  const request = parseRequest(line);
  if ('error' in request) return { id: request.id, ok: false, error: request.error };
  try {
    return { id: request.id, ok: true, result: await handle(request, handlers, peer, connection) };
  } catch (error) {
    const refusal = error instanceof Refusal ? error : new Refusal('failed', `${request.command}: ${String(error)}`);
    if (error !== refusal) process.emitWarning(error as Error);
    return { id: request.id, ok: false, error: refusal.error };
  }
}

function handle<C extends CommandName>(
  { command, args }: RequestOf<C>,
  handlers: Handlers,
  peer: Peer,
  connection: Connection,
): Promise<Commands[C]['result']> {
  return handlers[command](args, peer, connection);
}
