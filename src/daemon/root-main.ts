// The daemon of a system whose `/` is the merged root, as the initramfs starts it: root-main.js, before flash and disk are there. Loads, and waits for
// its orders on stdin: a line with the directory to mount on, which becomes `/` later, lines of OPTION,..., and an empty one.
// Has loaded everything before it says that it serves; afterwards it needs no path but those of a /proc that the initramfs keeps.
// Descriptor 3, which the initramfs reads: `ready`, or why not. Descriptor 2 is the kernel's log.

import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { setsid } from '../sys/process.ts';
import { resolveConfig, type MountConfig } from './config.ts';
import { startDaemon } from './daemon.ts';
import { checkFuseDevice } from './fuse-device.ts';
import { followSwitches, serveControl } from './lifecycle.ts';
import { applyOptionList, newDraft } from './mount-options.ts';
import { StartError } from './start-error.ts';
import { becomeSteadfast } from './steadfast.ts';
import { SwitchSignals } from './switch-signals.ts';
import { loadThreads } from './threads.ts';

const REPORT_FD = 3;
const KERNEL_LOG_FD = 2;
const LOG = '.rootsync/log/daemon.log';

let logFd = -1;

/** To the kernel's log, where the journal finds it, and once flash is there to a file on flash. */
function say(text: string): void {
  tell(KERNEL_LOG_FD, `rootsync: ${text}\n`);
  if (logFd >= 0) tell(logFd, `${new Date().toISOString()} ${text}\n`);
}

function tell(fd: number, text: string): void {
  try {
    writeSync(fd, text);
  } catch {
    // Nobody listens, or there is no room: no reason to leave the system without its root.
  }
}

/** The lines on stdin before the empty one, or all that there are. */
async function orders(): Promise<string[]> {
  let text = '';
  for await (const piece of process.stdin.setEncoding('utf8')) {
    text += piece as string;
    if (text.endsWith('\n\n')) break;
  }
  return text.trimEnd().split('\n');
}

function configFrom([mountpoint, ...lists]: readonly string[]): MountConfig | StartError {
  if (!mountpoint) return new StartError('usage', 'no mountpoint');
  const draft = newDraft();
  for (const list of lists) {
    const wrong = applyOptionList(draft, list);
    if (wrong !== undefined) return new StartError('usage', wrong);
  }
  const config = resolveConfig(draft, mountpoint);
  return config instanceof StartError ? config : { ...config, systemRoot: true };
}

async function serve(): Promise<string | undefined> {
  const threads = loadThreads();
  const asked = configFrom(await orders());
  const config = asked instanceof StartError ? asked : (checkFuseDevice() ?? asked);
  if (config instanceof StartError) {
    await threads.close();
    return config.message;
  }
  const daemon = await startDaemon(config, threads);
  if (daemon instanceof StartError) return daemon.message;
  try {
    logFd = openSync(join(config.flash, LOG), 'a', 0o600);
  } catch (error) {
    say(`no log on flash: ${(error as Error).message}`);
  }
  try {
    // Never closed: where its name is, nothing of ours leads to when the system ends.
    await serveControl(daemon, config.mountpoint);
  } catch (error) {
    say(`no control socket: ${(error as Error).message}`);
  }
  followSwitches(daemon, switches, say);
  report('ready');
  say(`serving ${config.flash} over ${config.disk}`);
  await daemon.ended;
  say('flash is complete, and the daemon ends');
  return undefined;
}

function report(text: string): void {
  tell(REPORT_FD, `${text}\n`);
  closeSync(REPORT_FD);
}

// No signal and no bug may end it: the system would be left without its root.
const switches = new SwitchSignals();
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  process.on(signal, () => say(`${signal} ignored: this is the daemon of /, which ends when the system does`));
}
process.on('uncaughtException', (error) => say(inspect(error)));
process.on('warning', (warning) => say(warning.message));

// The shell that started it is gone before long.
setsid();
for (const wrong of becomeSteadfast()) say(wrong);
const wrong = await serve();
if (wrong !== undefined) report(wrong);
process.exit(wrong === undefined ? 0 : 1);
