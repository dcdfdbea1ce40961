// `rootsync mount`: checks everything, then serves in the foreground, or starts a process of its own that does and waits until it serves.

import type { MountConfig } from '../daemon/config.ts';
import { resolveConfig } from '../daemon/config.ts';
import { checkFuseDevice } from '../daemon/fuse-device.ts';
import { EndingSignals, serveUntilEnded } from '../daemon/lifecycle.ts';
import type { MountDraft } from '../daemon/mount-options.ts';
import { StartError } from '../daemon/start-error.ts';
import { SwitchSignals } from '../daemon/switch-signals.ts';
import { setsid } from '../sys/process.ts';
import { Background, startInBackground } from './background.ts';
import { EXIT, EXIT_OF_START } from './exit-codes.ts';
import { say } from './say.ts';

export interface MountCommand {
  readonly draft: MountDraft;
  readonly mountpoint: string;
  readonly foreground: boolean;
  /** This is the process that `startInBackground` made. */
  readonly background: boolean;
}

export async function mount({ draft, mountpoint, foreground, background }: MountCommand): Promise<number> {
  if (draft.remount) return (await import('./remount.ts')).remount(draft, mountpoint);
  const starter = background ? new Background() : undefined;
  const config = resolveConfig(draft, mountpoint);
  if (config instanceof StartError) return refuse(config, starter);
  const noFuse = checkFuseDevice();
  if (noFuse) return refuse(noFuse, starter);
  if (foreground || starter) return serve(config, starter);
  return startInBackground(config.flash);
}

async function serve(config: MountConfig, starter: Background | undefined): Promise<number> {
  using signals = new EndingSignals();
  using switches = new SwitchSignals();
  const { startDaemon } = await loadDaemon();
  const daemon = await startDaemon(config);
  if (daemon instanceof StartError) return refuse(daemon, starter);
  // The caller's directory is not held, nor any other but `/`.
  if (starter) {
    process.chdir('/');
    // Not before the mount: an automount of systemd holds up whoever comes to the mountpoint, but for its own process group, which mount(8) is in.
    setsid();
  }
  const ready = (): void => starter?.succeeded();
  await serveUntilEnded(daemon, config.mountpoint, { signals, switches, say, ready });
  return EXIT.ok;
}

function refuse(error: StartError, starter: Background | undefined): number {
  const exitCode = EXIT_OF_START[error.kind];
  if (starter) starter.failed(exitCode, error.message);
  else say(error.message);
  return exitCode;
}

// Not inside a function that holds a `using`: TypeScript 6 does not rewrite the extension of an import() there.
function loadDaemon(): Promise<typeof import('../daemon/daemon.ts')> {
  return import('../daemon/daemon.ts');
}
