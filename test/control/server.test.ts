// The control server against clients of every kind of badness: each test guards against one that hangs, swamps or ends the daemon.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClientError } from '../../src/control/client.ts';
import { ControlClient } from '../../src/control/client.ts';
import { MAX_REQUEST_BYTES, type Status } from '../../src/control/protocol.ts';
import type { Peer } from '../../src/control/peer.ts';
import { Refusal } from '../../src/control/refusal.ts';
import { listen, type ControlServer, type Handlers } from '../../src/control/server.ts';

const PATIENCE_MS = 200;

/** Unlike `once`, it does not mind an error before. */
function closing(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

const STATUS = { pid: 1, mode: 'capture' } as Status;

describe('control/server', () => {
  let dir: string;
  let path: string;
  let server: ControlServer;
  let busy: boolean;
  let handled: number;
  let asked: Peer | undefined;
  let settle: () => void;

  let undone: string[];

  // Some of the commands: what is tested is the same for all.
  const some: Partial<Handlers> = {
    status: (_args, peer) => {
      handled++;
      asked = peer;
      return Promise.resolve(STATUS);
    },
    settle: () => new Promise((resolve) => (settle = () => resolve({}))),
    mode: ({ to }) => Promise.resolve({ mode: to ?? 'capture', was: 'capture', notKept: null, complete: true }),
    sync: (_args, _peer, connection) => {
      connection.atEnd(() => undone.push('undone'));
      return Promise.resolve({ full: false, unwritten: 0 });
    },
    unmount: () => (busy ? Promise.reject(new Refusal('busy', 'in use')) : Promise.reject(new TypeError('a bug'))),
  };
  const handlers = some as Handlers;

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'control-'));
    path = join(dir, '0:99.sock');
    busy = true;
    handled = 0;
    undone = [];
    server = await listen(path, handlers, { clients: 8, patience: PATIENCE_MS });
  });
  afterEach(async () => {
    await server.close();
    rmSync(dir, { recursive: true });
  });

  /** Sends text; all that comes back until the server ends the connection, or until `lines` lines came. */
  async function talk(text: string | Buffer, lines = Infinity): Promise<string> {
    const socket = connect(path);
    socket.on('error', () => {});
    let got = '';
    const closed = closing(socket);
    const enough = new Promise<void>((resolve) => {
      socket.on('data', (chunk) => {
        got += chunk.toString();
        if (got.split('\n').length > lines) resolve();
      });
    });
    socket.write(text);
    await Promise.race([closed, enough]);
    socket.destroy();
    return got;
  }
  const works = async (): Promise<void> => {
    const client = await ControlClient.connect(path);
    assert.deepEqual(await client.request('status', {}), STATUS);
    client.close();
  };

  it('undoes what a client had for as long as it was connected, however it goes', async () => {
    const client = await ControlClient.connect(path);
    await client.request('sync', {});
    await works();
    assert.deepEqual(undone, []);
    client.close();
    while (undone.length === 0) await works();
    assert.deepEqual(undone, ['undone']);
  });

  it('answers requests, in their order', async () => {
    const client = await ControlClient.connect(path);
    const answers = await Promise.all([1, 2, 3].map(() => client.request('status', {})));
    assert.deepEqual(answers, [STATUS, STATUS, STATUS]);
    client.close();
  });

  it('is closed to others', () => {
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  it('knows who asks', async () => {
    await works();
    assert.deepEqual(asked, { pid: process.pid, uid: process.getuid?.() });
  });

  it('refuses another user, though he was let in to the socket', async function () {
    if (process.getuid?.() !== 0) this.skip();
    chmodSync(dir, 0o711);
    chmodSync(path, 0o666);
    const line = '{"v":1,"id":1,"command":"status"}';
    // It asks only once it has been turned away: its own write into the closed socket would discard what it was told.
    const script = `const peer = require('net').connect(${JSON.stringify(path)}).on('error', () => {});
      peer.once('data', () => peer.end('${line}\\n')).pipe(process.stdout)`;
    const child = spawn(process.execPath, ['-e', script], {
      uid: 65534,
      gid: 65534,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let got = '';
    child.stdout.on('data', (chunk) => (got += String(chunk)));
    await once(child, 'close');
    assert.deepEqual([(JSON.parse(got) as { error: { code: string } }).error.code, handled], ['not-permitted', 0]);
    await works();
  });

  it('replaces a socket, or whatever else, that was left at its path', async () => {
    await server.close();
    writeFileSync(path, 'left');
    server = await listen(path, handlers);
    await works();
  });

  it('says why it refuses, and goes on', async () => {
    const client = await ControlClient.connect(path);
    await assert.rejects(client.request('unmount', {}), (error: ClientError) => error.code === 'busy');
    busy = false;
    await assert.rejects(client.request('unmount', {}), (error: ClientError) => error.code === 'failed');
    assert.deepEqual(await client.request('status', {}), STATUS);
    client.close();
  });

  it('answers lines that are no requests', async () => {
    const got = await talk('nonsense\n{"v":9,"id":4,"command":"status"}\n{"v":1,"id":5,"command":"status"}\n', 3);
    const replies = got
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { id: number; ok: boolean });
    assert.deepEqual(
      replies.map(({ id, ok }) => [id, ok]),
      [
        [0, false],
        [4, false],
        [5, true],
      ],
    );
  });

  it('cuts off a line that does not end', async () => {
    assert.equal(await talk(Buffer.alloc(MAX_REQUEST_BYTES + 1, 'x')), '');
    await works();
  });

  it('cuts off a huge stream of binary rubbish', async () => {
    assert.equal(await talk(Buffer.alloc(16 << 20, 0xff)), '');
    await works();
  });

  it('cuts off a client that begins a line and does not end it', async () => {
    assert.equal(await talk('{"v":1,'), '');
    await works();
  });

  it('lets a client that has nothing to say stay', async () => {
    const client = await ControlClient.connect(path);
    await new Promise((resolve) => setTimeout(resolve, 2 * PATIENCE_MS));
    assert.deepEqual(await client.request('status', {}), STATUS);
    client.close();
  });

  it('reads no more of a client that reads no answers, and cuts it off', async () => {
    const socket = connect(path);
    socket.on('error', () => {});
    socket.pause();
    const line = '{"v":1,"id":1,"command":"status"}\n';
    const flood = (): void => {
      while (!socket.destroyed && socket.write(line.repeat(100)));
    };
    socket.on('drain', flood);
    flood();
    await closing(socket);
    await works();
  });

  it('turns away more clients than it takes, and takes new ones when some have gone', async () => {
    const sockets: Socket[] = [];
    for (let i = 0; i < 8; i++) {
      const socket = connect(path);
      await once(socket, 'connect');
      sockets.push(socket);
    }
    const refused = JSON.parse(await talk('')) as { id: number; error: { code: string; message: string } };
    assert.deepEqual([refused.id, refused.error.code], [0, 'busy']);
    const client = await ControlClient.connect(path);
    await assert.rejects(client.request('status', {}), (error: ClientError) => error.code === 'busy');
    sockets.forEach((socket) => socket.destroy());
    // Each goes when the server hears of it.
    for (let tries = 0; ; tries++) {
      try {
        await works();
        break;
      } catch (error) {
        if (tries === 50) throw error;
      }
    }
  });

  it('is not held up by a client whose request takes long, nor by its going away', async () => {
    const client = await ControlClient.connect(path);
    const settled = client.request('settle', {});
    await works();
    client.close();
    await assert.rejects(settled, (error: ClientError) => error.code === 'unreachable');
    settle();
    await works();
  });

  it('answers what it is handling before it closes, and removes its socket', async () => {
    const client = await ControlClient.connect(path);
    const before = handled;
    const settled = client.request('settle', {});
    await works();
    const closed = server.close();
    settle();
    assert.deepEqual(await settled, {});
    await client.ended;
    await closed;
    assert.equal(handled, before + 1);
    assert.ok(!existsSync(path));
  });
});

describe('control/client', () => {
  let dir: string;
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'control-'))));
  afterEach(() => rmSync(dir, { recursive: true }));

  const unreachable = (reason: RegExp) => (error: ClientError) =>
    error.code === 'unreachable' && reason.test(error.message);

  it('does not wait for ever for a daemon that is stopped', async () => {
    const path = join(dir, 'deaf');
    const deaf = createServer().listen(path);
    await once(deaf, 'listening');
    const client = await ControlClient.connect(path, 50);
    await assert.rejects(client.request('status', {}), unreachable(/no answer to status .* stopped, stuck/));
    await assert.rejects(client.request('settle', {}), unreachable(/no answer to status/));
    deaf.close();
  });

  it('tells a socket that is not there from one whose daemon is dead', async () => {
    await assert.rejects(ControlClient.connect(join(dir, 'none')), unreachable(/no such socket/));
    writeFileSync(join(dir, 'stale'), '');
    await assert.rejects(ControlClient.connect(join(dir, 'stale')), unreachable(/stale/));
  });
});
