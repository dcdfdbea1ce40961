// The filesystems compared: each mounts `upper` over `lower` at `mountpoint`, at its best options for reading, and unmounts again.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Place {
  readonly lower: string;
  readonly upper: string;
  /** Empty, on the same filesystem as `upper`. */
  readonly work: string;
  readonly mountpoint: string;
}

export interface Peer {
  readonly name: string;
  /** Why it cannot run here; undefined: it can. */
  readonly missing?: () => string | undefined;
  /** Mounts; the result unmounts. */
  readonly mount: (place: Place) => Promise<() => Promise<void>>;
}

const ROOTSYNC = new URL('../../bin/rootsync', import.meta.url).pathname;
const FUSE_NATIVE = new URL('../../bench/fuse-native/', import.meta.url).pathname;

// `suid,dev` for all, as a root filesystem has them and as overlayfs and rootsync are mounted: with nosuid the kernel spares itself the question for
// `security.capability` at each exec.
export const PEERS: readonly Peer[] = [
  {
    // No merge: what the backing filesystem itself takes. Bound, so that it is a mount of its own like the others.
    name: 'plain',
    mount: ({ lower, mountpoint }) => mountWith(['mount', '--bind', lower, mountpoint], mountpoint),
  },
  {
    name: 'overlayfs',
    mount: ({ lower, upper, work, mountpoint }) =>
      mountWith(
        ['mount', '-t', 'overlay', 'overlay', '-o', `lowerdir=${lower},upperdir=${upper},workdir=${work}`, mountpoint],
        mountpoint,
      ),
  },
  {
    name: 'rootsync',
    mount: ({ lower, upper, mountpoint }) =>
      mountWith(
        [process.execPath, ROOTSYNC, 'mount', '--flash', upper, '--disk', lower, '--mode', 'hold', mountpoint],
        mountpoint,
        () => run([process.execPath, ROOTSYNC, 'umount', mountpoint]),
      ),
  },
  {
    name: 'fuse-overlayfs',
    missing: () => lacksProgram('fuse-overlayfs'),
    mount: ({ lower, upper, work, mountpoint }) =>
      mountWith(
        [
          'fuse-overlayfs',
          '-o',
          `lowerdir=${lower},upperdir=${upper},workdir=${work},timeout=86400,suid,dev`,
          mountpoint,
        ],
        mountpoint,
      ),
  },
  {
    name: 'mergerfs',
    missing: () => lacksProgram('mergerfs'),
    mount: ({ lower, upper, mountpoint }) =>
      mountWith(
        [
          'mergerfs',
          '-o',
          'cache.files=auto-full,cache.readdir=true,cache.attr=86400,cache.entry=86400,cache.negative_entry=86400,cache.symlinks=true,suid,dev',
          `${upper}:${lower}`,
          mountpoint,
        ],
        mountpoint,
      ),
  },
  {
    name: 'unionfs-fuse',
    missing: () => lacksProgram('unionfs'),
    mount: ({ lower, upper, mountpoint }) =>
      mountWith(
        ['unionfs', '-o', 'cow,kernel_cache,allow_other,suid,dev', `${upper}=RW:${lower}=RO`, mountpoint],
        mountpoint,
      ),
  },
  {
    // The npm binding that a filesystem in JavaScript would use otherwise: a passthrough of one directory, not even a merge.
    name: 'fuse-native',
    missing: () =>
      existsSync(join(FUSE_NATIVE, 'node_modules/fuse-native')) ? undefined : `npm ci in ${FUSE_NATIVE} first`,
    mount: ({ lower, mountpoint }) => mountFuseNative(lower, mountpoint),
  },
];

function lacksProgram(name: string): string | undefined {
  return spawnSync('which', [name]).status === 0 ? undefined : `${name} is not installed`;
}

async function mountWith(
  command: readonly string[],
  mountpoint: string,
  unmount?: () => Promise<void>,
): Promise<() => Promise<void>> {
  await run(command);
  await mounted(mountpoint);
  return unmount ?? (() => run(['umount', mountpoint]));
}

async function mountFuseNative(lower: string, mountpoint: string): Promise<() => Promise<void>> {
  const server = spawn(process.execPath, [join(FUSE_NATIVE, 'passthrough.cjs'), lower, mountpoint], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  await mounted(mountpoint);
  return async () => {
    const ended = once(server, 'exit');
    await run(['umount', mountpoint]);
    server.kill();
    await ended;
  };
}

async function mounted(mountpoint: string): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (spawnSync('mountpoint', ['-q', mountpoint]).status === 0) return;
    await sleep(50);
  }
  throw new Error(`${mountpoint}: nothing was mounted within 10 s`);
}

async function run(command: readonly string[]): Promise<void> {
  const [program = '', ...args] = command;
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`${command.join(' ')}: exit ${String(code)}`);
}
