// An NFS server in a network of its own, in which a machine of QEMU finds it at 10.0.2.2: nothing is seen of it outside.

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** $1 is its configuration. rpcbind's socket goes with the mount namespace; both servers with the process namespace. */
const START = `
mount -t tmpfs none /run && mkdir -p /run/ganesha /run/rpcbind && ip link set lo up && rpcbind -w
exec ganesha.nfsd -F -L "$1.log" -N CRIT -f "$1" -p /run/ganesha.pid`;
const PATIENCE_MS = 60_000;
const LOOK_MS = 200;

export class NfsServer implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #ended: Promise<void>;

  private constructor(process: ChildProcess) {
    this.#process = process;
    this.#ended = new Promise((resolve) => process.once('close', () => resolve()));
  }

  /** Exports `dir`, read-only, to root as root; `scratch` is a directory for its configuration. Resolves once it may be mounted. */
  static async start(dir: string, scratch: string): Promise<NfsServer> {
    const file = join(scratch, 'ganesha.conf');
    writeFileSync(
      file,
      `NFS_CORE_PARAM { Protocols = 3; Enable_NLM = false; Enable_RQUOTA = false; Enable_UDP = false; }
EXPORT { Export_Id = 1; Path = ${dir}; Pseudo = /disk; Access_Type = RO; Squash = None; Protocols = 3; FSAL { Name = VFS; } }
`,
    );
    const spaces = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
    const words = [...spaces, 'bash', '-c', START, 'bash', file];
    const server = new NfsServer(spawn('unshare', words, { stdio: ['ignore', 'inherit', 'inherit'] }));
    try {
      await server.#answers();
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
    return server;
  }

  /** What starts a command in its network. */
  get network(): readonly [string, ...string[]] {
    return ['nsenter', `--net=/proc/${this.#pid()}/ns/net`];
  }

  /** It answers nothing any more, as one whose cable was pulled. */
  vanish(): void {
    process.kill(this.#pid(), 'SIGSTOP');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#ended;
  }

  /** The server itself: unshare waits for it. */
  #pid(): number {
    const { pid } = this.#process;
    return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ')[0]);
  }

  async #answers(): Promise<void> {
    for (const deadline = performance.now() + PATIENCE_MS; ;) {
      if (this.#process.exitCode !== null) throw new Error(`the NFS server ended with ${this.#process.exitCode}`);
      if (performance.now() > deadline) throw new Error(`the NFS server did not come up within ${PATIENCE_MS} ms`);
      const [command, ...words] = [...this.network, 'rpcinfo', '-t', '127.0.0.1', 'mountd', '3'];
      const asked = spawn(command, words, { stdio: 'ignore' });
      const code = await new Promise((resolve) => asked.once('close', resolve));
      if (code === 0) return;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }
}
