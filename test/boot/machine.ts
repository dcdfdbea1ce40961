// A machine of QEMU: a kernel, an initramfs, drives, a console to read and to type at. With KVM where a kernel boots on it, else emulated.

import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';

const QEMU = 'qemu-system-x86_64';
const COMMON = [
  '-M',
  'q35',
  '-m',
  '1024',
  '-smp',
  '2',
  '-nodefaults',
  '-no-user-config',
  '-display',
  'none',
  '-no-reboot',
];
// Without cx16, kernels crash now and then on the multi-threaded TCG of QEMU 7.
const TCG = ['-accel', 'tcg,thread=multi', '-cpu', 'max,-cx16'];
const KVM = ['-accel', 'kvm', '-cpu', 'host'];
/** An emulated machine that shares its processors with others may take minutes for what systemd waits 90 s for. */
const PATIENT = 'no_timer_check systemd.default_timeout_start_sec=900 systemd.default_device_timeout_sec=900';
const PROBE_MS = 30_000;
const CRASH = /\[ *\d+\.\d+\] Oops: /;
/** What a crashed kernel has to say takes it no longer. */
const CRASH_MS = 2000;
/** Once in some hundred boots an emulated kernel crashes: at 1.2 s, say, where one processor runs into an instruction that another one is about to replace. */
const MOST_CRASHES = 2;
const LAST_WORDS = 3000;

let known: readonly string[] | undefined;

/** KVM there may be, though no kernel gets far on it (nested, for instance): it is tried, without a root, until the kernel misses that. */
function acceleration(kernel: string): readonly string[] {
  if (known !== undefined) return known;
  const words = [...KVM, ...COMMON, '-kernel', kernel, '-append', 'console=ttyS0 panic=-1', '-serial', 'stdio'];
  const probe = spawnSync(QEMU, words, { encoding: 'latin1', timeout: PROBE_MS, killSignal: 'SIGKILL' });
  known = probe.status === 0 && probe.stdout.includes('Unable to mount root fs') ? KVM : TCG;
  return known;
}

export interface Drive {
  readonly file: string;
  /** What is written is forgotten. */
  readonly snapshot?: boolean;
}

export interface MachineOptions {
  readonly kernel: string;
  readonly initrd: string;
  /** Added to the kernel's command line. */
  readonly words: string;
  readonly drives: readonly Drive[];
  /** A network card, and what starts QEMU in the network that it leads to. */
  readonly network?: readonly string[] | undefined;
  /** Where the initramfs gives up there is a shell, not the end of the machine. */
  readonly shell?: boolean;
  /** What is written to the second serial port. */
  readonly report: string;
  /** Gets what the console says, as it says it. */
  readonly hear?: ((text: string) => void) | undefined;
}

export class Machine {
  /** All that the console has said. */
  console = '';
  readonly #command: readonly string[];
  readonly #report: string;
  readonly #hear: ((text: string) => void) | undefined;
  readonly #exit: Promise<number | null>;
  #process!: ChildProcess;
  #startedAt = performance.now();
  #ended = false;
  #isCut = false;
  #read = 0;
  #looks = new Set<() => void>();

  constructor({ kernel, initrd, words, drives, report, hear, shell, network }: MachineOptions) {
    this.#report = report;
    this.#hear = hear;
    const disks = drives.flatMap(({ file, snapshot }, i) => [
      '-drive',
      `if=none,id=d${i},file=${file},format=raw${snapshot === true ? ',snapshot=on' : ''}`,
      ...['-device', `virtio-blk-pci,drive=d${i}`],
    ]);
    const append = `console=ttyS0 ${shell === true ? '' : 'panic=-1'} quiet mitigations=off systemd.show_status=true ${PATIENT} TERM=dumb ${words}`;
    const boot = ['-kernel', kernel, '-initrd', initrd, '-append', append];
    const serial = [
      '-chardev',
      'stdio,id=console,signal=off',
      '-serial',
      'chardev:console',
      '-serial',
      `file:${report}`,
    ];
    const all = [...acceleration(kernel), ...COMMON, ...serial, '-device', 'virtio-rng-pci', ...disks, ...boot];
    const card = ['-netdev', 'user,id=net', '-device', 'virtio-net-pci,netdev=net'];
    this.#command = network === undefined ? [QEMU, ...all] : [...network, QEMU, ...all, ...card];
    this.#exit = this.#run();
  }

  /** Once it has ended: QEMU's exit status. Where an emulated kernel crashes before it has said anything that was waited for, it is turned on again. */
  async #run(): Promise<number | null> {
    let code = await this.#turnOn();
    for (let crashes = 0; crashes < MOST_CRASHES && this.#mayCrash && CRASH.test(this.console); crashes++) {
      console.warn(`the emulated kernel crashed, and is started again. ${this.#lastWords()}`);
      this.console = '';
      this.#startedAt = performance.now();
      code = await this.#turnOn();
    }
    this.#ended = true;
    for (const look of this.#looks) look();
    return code;
  }

  get #mayCrash(): boolean {
    return known === TCG && this.#read === 0 && !this.#isCut;
  }

  #turnOn(): Promise<number | null> {
    const [command = '', ...rest] = this.#command;
    const child = spawn(command, rest, { stdio: ['pipe', 'pipe', 'inherit'] });
    let late: NodeJS.Timeout | undefined;
    this.#process = child;
    child.stdin.on('error', () => {});
    child.stdout.setEncoding('latin1').on('data', (text: string) => {
      this.console += text;
      this.#hear?.(text);
      // Without panic= it would stand there, or go on in part.
      if (late === undefined && CRASH.test(this.console)) late = setTimeout(() => child.kill('SIGKILL'), CRASH_MS);
      for (const look of this.#looks) look();
    });
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => {
        clearTimeout(late);
        resolve(code);
      });
    });
  }

  /** What led to its end. */
  #lastWords(): string {
    const at = CRASH.exec(this.console)?.index;
    const words = at === undefined ? this.console.slice(-LAST_WORDS) : this.console.slice(at, at + LAST_WORDS);
    return `Its last words:\n${words}`;
  }

  /** Seconds since it was turned on. */
  get seconds(): number {
    return (performance.now() - this.#startedAt) / 1000;
  }

  /** Waits until the console says it, after what it was last waited for. @throws at the machine's end, and when it takes too long. */
  says(what: RegExp, ms: number): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const finish = (found: RegExpExecArray | null, wrong = ''): void => {
        clearTimeout(timer);
        this.#looks.delete(look);
        if (found !== null) resolve(found);
        else reject(new Error(`the console never said ${String(what)}: ${wrong}. ${this.#lastWords()}`));
      };
      const timer = setTimeout(() => finish(null, `not within ${ms / 1000} s`), ms);
      const look = (): void => {
        const found = what.exec(this.console.slice(this.#read));
        if (found !== null) {
          this.#read += found.index + found[0].length;
          finish(found);
        } else if (this.#ended) finish(null, 'the machine ended');
      };
      this.#looks.add(look);
      look();
    });
  }

  type(line: string): void {
    this.#process.stdin?.write(`${line}\n`);
  }

  /** The KEY=VALUE lines of the second serial port; of equal keys, all values. */
  report(): Map<string, string[]> {
    const report = new Map<string, string[]>();
    for (const line of readFileSync(this.#report, 'utf8').split(/\r?\n/)) {
      const [, key, value] = /^(\w+)=(.*)$/.exec(line) ?? [];
      if (key !== undefined && value !== undefined) report.set(key, [...(report.get(key) ?? []), value]);
    }
    return report;
  }

  /** Waits until it has turned itself off. */
  async off(ms: number): Promise<void> {
    const late = setTimeout(() => this.#process.kill('SIGKILL'), ms);
    const code = await this.#exit;
    clearTimeout(late);
    if (code !== 0) throw new Error(`the machine did not turn itself off (${String(code)}). ${this.#lastWords()}`);
  }

  /** Takes its power away; resolves when it is gone. */
  async cut(): Promise<void> {
    this.#isCut = true;
    this.#process.kill('SIGKILL');
    await this.#exit;
  }
}
