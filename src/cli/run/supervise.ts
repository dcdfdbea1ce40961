// A run, inside its namespaces: makes the merged root, has COMMAND run in it, finishes the captures, takes everything away again.
// This process serves the merged root, so it never opens a path in it: the launcher does all that is done there.

import { readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { asBytes, fromText } from '../../bytes.ts';
import { resolveConfig, type MountConfig } from '../../daemon/config.ts';
import type { Daemon } from '../../daemon/daemon-api.ts';
import { checkFuseDevice } from '../../daemon/fuse-device.ts';
import { serveControl } from '../../daemon/lifecycle.ts';
import { StartError } from '../../daemon/start-error.ts';
import type { Status } from '../../control/protocol.ts';
import type { ControlServer } from '../../control/server.ts';
import { DEFAULT_EXCLUDES } from '../../policy/default-excludes.ts';
import { rulesForDirectory } from '../../policy/directory-rules.ts';
import type { Rule } from '../../policy/exclude-rule.ts';
import { Excludes } from '../../policy/excludes.ts';
import { DEFAULT_MODE } from '../../policy/mode.ts';
import { RUN_EXIT } from '../exit-codes.ts';
import { Failure } from '../live-mount.ts';
import { showProgress } from '../progress.ts';
import { onTerminal, say } from '../say.ts';
import { adoptOrphans, endDescendants } from './descendants.ts';
import { discardFlash, prepareFlash, type FlashDirectory } from './flash-directory.ts';
import { Launcher, callersDescriptors, type CommandResult } from './launcher.ts';
import type { Inside } from './namespace.ts';
import type { RunRequest } from './options.ts';
import type { Captured, Outcome } from './outcome.ts';
import { reportCapture, reportJson, reportVerdict, sameResult } from './report.ts';
import { RunSignals } from './signals.ts';
import { WorkDirectory } from './work-directory.ts';

/** The exit code of the whole run. @throws Failure, Interrupted */
export async function supervise(request: RunRequest, inside: Inside): Promise<number> {
  using signals = new RunSignals();
  const flash = prepareFlash(request);
  using work = new WorkDirectory();
  const run = new Run(request, flash, work, signals, inside);
  if (request.flashOnly) return (await run.onFlashAlone()).exitCode;
  const captured = await run.capturing();
  if (!request.quiet) reportCapture(flash.path, captured);
  const alone = request.verify ? await verify(request, run) : undefined;
  if (alone) reportVerdict(request, captured.outcome, alone);
  if (request.json) reportJson(request, flash.path, captured, alone);
  const same = !alone || sameResult(request, captured.outcome, alone);
  return same ? captured.outcome.exitCode : RUN_EXIT.differs;
}

async function verify(request: RunRequest, run: Run): Promise<Outcome | Failure> {
  if (!request.quiet) say('now the same on flash alone');
  try {
    return await run.onFlashAlone();
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
}

/** Where COMMAND finds the host's own directories. */
const HOST_TREES = /^\/(dev|run|tmp)\//;
const UNMOUNT_PATIENCE_MS = 5_000;

class Run {
  readonly #request: RunRequest;
  readonly #flash: FlashDirectory;
  readonly #work: WorkDirectory;
  readonly #signals: RunSignals;
  readonly #inside: Inside;
  readonly #launchers = new Set<number>();

  constructor(request: RunRequest, flash: FlashDirectory, work: WorkDirectory, signals: RunSignals, inside: Inside) {
    this.#request = request;
    this.#flash = flash;
    this.#work = work;
    this.#signals = signals;
    this.#inside = inside;
    adoptOrphans((pid) => this.#launchers.has(pid));
  }

  async onFlashAlone(): Promise<Outcome> {
    using launcher = this.#startLauncher(this.#flash.path);
    try {
      return await this.#runCommand(launcher);
    } finally {
      this.#work.detachRoot();
    }
  }

  async capturing(): Promise<Captured> {
    const began = performance.now();
    const config = this.#config();
    if (onTerminal && !this.#request.quiet) say(`capturing to ${this.#flash.path}`);
    let started = false;
    try {
      // Before the daemon, which changes limits and masks of this process that COMMAND is not to inherit.
      using launcher = this.#startLauncher(null);
      const { startDaemon } = await loadDaemon();
      const daemon = await startDaemon(config);
      if (daemon instanceof StartError) throw new Failure(RUN_EXIT.failed, daemon.message);
      const control = await openControl(daemon, this.#work.root);
      try {
        const start = (performance.now() - began) / 1000;
        const outcome = await this.#runCommand(launcher);
        started = true;
        const { status, finish } = await this.#finish(daemon);
        return { outcome, status, seconds: { start, command: outcome.seconds, finish } };
      } finally {
        await control?.close();
        await takeAway(daemon);
      }
    } catch (error) {
      if (!started) discardFlash(this.#flash);
      throw error;
    }
  }

  #config(): MountConfig {
    const { draft: given } = this.#request;
    // A run is for capturing, whatever a mount of this flash was switched to; and the machine's own files are never changed.
    const always = {
      flash: this.#flash.path,
      disk: given.disk ?? '/',
      mode: given.mode ?? DEFAULT_MODE,
      diskWritable: false,
    };
    const draft = { ...given, ...always };
    const config = resolveConfig(draft, this.#work.root);
    const wrong = config instanceof StartError ? config : checkFuseDevice();
    if (config instanceof StartError || wrong) {
      discardFlash(this.#flash);
      throw new Failure(RUN_EXIT.failed, wrong!.message);
    }
    return { ...config, exclude: [...config.exclude, ...this.#directoryRules(config.exclude)] };
  }

  /** COMMAND's working directory is to be on flash, whatever else of the place it is in: or flash alone could not run it there. */
  #directoryRules(given: readonly Rule[]): readonly Rule[] {
    const { chdir } = this.#request;
    const cwd = chdir === undefined ? asBytes(readlinkSync('/proc/self/cwd', 'latin1')) : fromText(join('/', chdir));
    const excludes = Excludes.compile([...DEFAULT_EXCLUDES, ...given]);
    return excludes instanceof Excludes ? rulesForDirectory(cwd, excludes) : [];
  }

  #startLauncher(bind: string | null): Launcher {
    const launcher = new Launcher(this.#work, {
      bind,
      ready: null,
      cover: HOST_TREES.test(this.#flash.path) ? [this.#flash.path] : [],
      dropPowers: this.#inside === 'user',
      chdir: this.#request.chdir ?? null,
      descriptors: callersDescriptors(),
      words: this.#request.command.length,
      hashOutput: this.#request.compareOutput,
    });
    if (launcher.pid !== undefined) this.#launchers.add(launcher.pid);
    return launcher;
  }

  async #runCommand(launcher: Launcher): Promise<Outcome> {
    this.#signals.passTo((signal) => launcher.send(signal));
    let result: CommandResult;
    try {
      result = await launcher.run();
    } finally {
      this.#signals.stopPassing();
    }
    await endDescendants(this.#request.command[0] ?? '');
    return { ...result, outputHash: await launcher.outputHash() };
  }

  async #finish(daemon: Daemon): Promise<{ status: Status; finish: number }> {
    const began = performance.now();
    const left = async (): Promise<number> => {
      const { queue } = await daemon.status();
      return queue.pending + queue.copying;
    };
    const settled = this.#request.quiet ? daemon.settle() : showProgress('copying', left, daemon.settle());
    await this.#signals.unlessInterrupted(settled);
    return { status: await daemon.status(), finish: (performance.now() - began) / 1000 };
  }
}

/** For `rootsync status` inside the merged root; a run can do without. */
async function openControl(daemon: Daemon, root: string): Promise<ControlServer | undefined> {
  try {
    return await serveControl(daemon, root);
  } catch {
    return undefined;
  }
}

/** The tree with all that is mounted on it. Detached, since nobody may be waited for who has entered it from outside. */
async function takeAway(daemon: Daemon): Promise<void> {
  await daemon.unmount({ lazy: true });
  const patience = new Promise<void>((resolve) => setTimeout(resolve, UNMOUNT_PATIENCE_MS).unref());
  await Promise.race([daemon.ended, patience]);
}

// Not inside a function that holds a `using`: TypeScript 6 does not rewrite the extension of an import() there.
function loadDaemon(): Promise<typeof import('../../daemon/daemon.ts')> {
  return import('../../daemon/daemon.ts');
}
