// Boots of the Debian that debian.ts makes, from power on to power off, and what is to be known of each afterwards.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Status } from '../../src/control/protocol.ts';
import { PASSWORD } from './debian.ts';
import type { Bootable } from './debian.ts';
import { Machine } from './machine.ts';
import type { Drive, MachineOptions } from './machine.ts';

export const CAPTURE = 'boot=rootsync rootsync.flash=LABEL=flash rootsync.disk=LABEL=disk';

/** Writable from the start: with `ro` systemd wants to check it, by programs that no capture boot has used. */
export const ALONE = 'root=LABEL=flash rw';

/** A step of a boot may take so long on a busy machine without KVM. */
const PATIENCE_MS = 600_000;
const PROMPT = /root@bootbox:~# /;

interface HowToBoot {
  /** How the system ends; to the machine it is the same. */
  readonly end?: 'poweroff' | 'reboot';
  readonly network?: MachineOptions['network'];
  /** Typed to the shell of the initramfs, where `words` make it stop (`break=`). */
  readonly inInitramfs?: readonly string[];
}

export interface Booted {
  readonly console: string;
  readonly report: ReadonlyMap<string, readonly string[]>;
  /** Of the daemon, shortly after the boot; null where there is none. */
  readonly status: Status | null;
  /** Seconds of the machine's clock: until /sbin/init began, and until the boot was finished. */
  readonly userspaceAt: number;
  readonly finishedAt: number;
  /** Seconds from power on to power off. */
  readonly seconds: number;
}

function ext4(file: string): void {
  execFileSync('mkfs.ext4', ['-q', '-L', 'flash', file]);
}

export class Boots {
  readonly #debian: Bootable;
  readonly #dir = mkdtempSync(join(tmpdir(), 'boots-'));
  readonly #hear: ((text: string) => void) | undefined;
  #count = 0;

  /** `hear` gets what consoles say, as they say it. */
  constructor(debian: Bootable, hear?: (text: string) => void) {
    this.#debian = debian;
    this.#hear = hear;
  }

  /** A private copy of disk. */
  disk(): string {
    return this.copy(this.#debian.disk);
  }

  copy(image: string): string {
    const file = this.#file('copy.img');
    execFileSync('cp', ['--reflink=auto', '--sparse=always', image, file]);
    return file;
  }

  /** An empty flash. `format` is given a file of zeros. */
  flash(megabytes = 512, format = ext4): string {
    const file = this.#file('flash.img');
    execFileSync('truncate', ['-s', `${megabytes}M`, file]);
    format(file);
    return file;
  }

  /** Turns a machine on. */
  machine(options: Pick<MachineOptions, 'words' | 'drives' | 'shell' | 'network'>): Machine {
    const { kernel, initrd } = this.#debian;
    return new Machine({ ...options, kernel, initrd, report: this.#file('report'), hear: this.#hear });
  }

  /** Boots, logs in at the console, has the system tell about itself, and ends it. `commands` are typed before that. */
  async boot(
    words: string,
    drives: readonly Drive[],
    commands: readonly string[] = [],
    { end = 'poweroff', network, inInitramfs = [] }: HowToBoot = {},
  ): Promise<Booted> {
    const machine = this.machine({ words, drives, network, shell: inInitramfs.length > 0 });
    try {
      for (const line of inInitramfs) {
        await machine.says(/\(initramfs\) /, PATIENCE_MS);
        machine.type(line);
      }
      await logIn(machine);
      for (const command of ['boot-report >/dev/ttyS1', ...commands]) await run(machine, command);
      machine.type(`systemctl --no-block ${end}`);
      await machine.off(PATIENCE_MS);
    } finally {
      await machine.cut();
    }
    const report = machine.report();
    const usec = (key: string): number => Number(report.get(key)?.[0]) / 1e6;
    const answer = report.get('status')?.[0];
    return {
      console: machine.console,
      report,
      status: answer === undefined ? null : (JSON.parse(answer) as { result: Status }).result,
      userspaceAt: usec('UserspaceTimestampMonotonic'),
      finishedAt: usec('FinishTimestampMonotonic'),
      seconds: machine.seconds,
    };
  }

  /** Calls `look` with the directory where an image is mounted, read-only. */
  look<T>(image: string, look: (dir: string) => T): T {
    const dir = this.#file('mnt');
    mkdirSync(dir);
    execFileSync('mount', ['-o', 'loop,ro', image, dir]);
    try {
      return look(dir);
    } finally {
      execFileSync('umount', [dir]);
      rmdirSync(dir);
    }
  }

  /** Has `work` use the directory where an image is mounted. */
  async mounted(image: string, as: 'ro' | 'rw', work: (dir: string) => Promise<void>): Promise<void> {
    const dir = this.#file('mnt');
    mkdirSync(dir);
    execFileSync('mount', ['-o', `loop,${as}`, image, dir]);
    try {
      await work(dir);
    } finally {
      execFileSync('umount', [dir]);
      rmdirSync(dir);
    }
  }

  #file(name: string): string {
    return join(this.#dir, `${++this.#count}.${name}`);
  }
}

/** Waits until the system is up, and has a shell at the console. */
export async function logIn(machine: Machine): Promise<void> {
  await machine.says(/bootbox login: /, PATIENCE_MS);
  machine.type('root');
  await machine.says(/Password: /, PATIENCE_MS);
  machine.type(PASSWORD);
  await machine.says(PROMPT, PATIENCE_MS);
}

/** Types a command, which must succeed. */
export async function run(machine: Machine, command: string): Promise<void> {
  machine.type(`${command}; echo "exit code $?."`);
  const [, code] = await machine.says(/exit code (\d+)\.\r/, PATIENCE_MS);
  assert.equal(code, '0', `${command}: its end is in\n${machine.console.slice(-3000)}`);
}

/** Asserts what every boot must be: nothing failed, the service answers, the root is of this type, and the end was clean. */
export function isWhole({ console: said, report }: Booted, rootType: string): void {
  assert.equal(report.get('failed')?.[0], '');
  assert.equal(report.get('state')?.[0], 'running');
  assert.equal(report.get('service')?.[0], 'HTTP/1.1 200 OK');
  assert.match(report.get('mount')?.find((line) => line.startsWith('/ ')) ?? '', new RegExp(`^/ ${rootType} `));
  assert.equal(report.get('end')?.[0], 'of report');
  assert.doesNotMatch(said, /FAILED|Failed to|still in use|has not ended/);
  assert.match(said, /reboot: (Power down|Restarting system)/);
}

/** Asserts that an ext4 was unmounted at the end. */
export function isClean(image: string): void {
  const header = execFileSync('dumpe2fs', ['-h', image], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  assert.match(header, /^Filesystem state:\s+clean$/m);
  assert.doesNotMatch(header, /needs_recovery/);
}

/** Says in the test's output how long a boot took, and what it asked of the daemon. */
export function tell(name: string, { userspaceAt, finishedAt, seconds, status }: Booted): void {
  const requests = Object.values(status?.operations ?? {}).reduce((n, { count }) => n + count, 0);
  const of = (operation: string): string => `${status?.operations[operation]?.count ?? 0} ${operation}`;
  const daemon =
    status === null
      ? ''
      : `, ${requests} requests (${of('read')}, ${of('getattr')}), ${Math.round(status.memory.rss / 1e6)} MB`;
  const times = [userspaceAt, finishedAt, seconds].map((time) => time.toFixed(1));
  console.log(`      ${name}: init at ${times[0]} s, booted at ${times[1]} s, off after ${times[2]} s${daemon}`);
}
