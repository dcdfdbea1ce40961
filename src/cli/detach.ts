// `rootsync detach` and `attach`: has a live mount do without its disk, and take it back.

import { resolve } from 'node:path';
import type { Detached, HeldFile } from '../control/protocol.ts';
import { describeHolders, holdersOf } from './disk-holders.ts';
import { printable } from './event-line.ts';
import { EXIT } from './exit-codes.ts';
import { Failure, asFailure, findMount, talkTo } from './live-mount.ts';
import { onTerminal, say } from './say.ts';

export interface DetachOptions {
  readonly mount?: string;
  /** true: for as long as it takes. */
  readonly wait?: string | true;
  readonly force?: true;
}

/** Longer than anybody waits; the protocol takes no more. */
const FOR_EVER = 2 ** 31;

/** @throws Failure */
export async function detach(options: DetachOptions): Promise<number> {
  const wait = parseWait(options.wait);
  const mount = findMount(options.mount);
  const client = await talkTo(mount);
  let answer: Detached;
  try {
    answer = await client.request('detach', { wait, force: options.force ?? false });
  } catch (error) {
    throw asFailure(error, mount);
  } finally {
    client.close();
  }
  const { detached, held } = answer;
  const holders = holdersOf(
    mount.mountpoint,
    held.map(({ path }) => path),
  );
  const lines = held.map((file) => `\n  ${printable(file.path)}${describeHolders(holders, file.path)}${note(file)}`);
  if (!detached) {
    const hint = 'nothing was changed; --wait waits for them, --force cuts those that are not passed through';
    throw new Failure(EXIT.busy, `files are open from disk:${lines.join('')}\n${hint}`);
  }
  if (lines.length > 0) say(`cut off from disk, who reads them gets an error (EIO):${lines.join('')}`);
  if (onTerminal) say('disk can be unmounted; rootsync attach takes it back');
  return EXIT.ok;
}

function note({ passedThrough }: HeldFile): string {
  return passedThrough ? ', passed through: end the process' : '';
}

function parseWait(wait: string | true | undefined): number {
  if (wait === undefined) return 0;
  if (wait === true) return FOR_EVER;
  const seconds = Number(wait);
  if (/^\d+(\.\d+)?$/.test(wait) && seconds <= FOR_EVER) return seconds;
  throw new Failure(EXIT.usage, `--wait: ${wait} is no number of seconds`);
}

/** @throws Failure */
export async function attach(disk: string | undefined, options: { readonly mount?: string }): Promise<number> {
  const mount = findMount(options.mount);
  const client = await talkTo(mount);
  try {
    const { mode, complete } = await client.request('attach', disk === undefined ? {} : { disk: resolve(disk) });
    if (onTerminal) say(`disk is back, mode ${mode}`);
    if (!complete) say('the kernel is still being told: for a while, some names may show as before');
  } catch (error) {
    throw asFailure(error, mount);
  } finally {
    client.close();
  }
  return EXIT.ok;
}
