// `rootsync mode`: says which mode a live mount is in, or switches it.

import type { ModeSwitched } from '../control/protocol.ts';
import { didYouMean } from '../daemon/suggest.ts';
import { MODES, isMode } from '../policy/mode.ts';
import { EXIT } from './exit-codes.ts';
import { Failure, asFailure, findMount, talkTo } from './live-mount.ts';
import { onTerminal, say, writeAll } from './say.ts';

export interface ModeOptions {
  readonly mount?: string;
}

export async function mode(wanted: string | undefined, options: ModeOptions): Promise<number> {
  if (wanted !== undefined && !isMode(wanted)) {
    throw new Failure(EXIT.usage, `unknown mode ${wanted}${didYouMean(wanted, MODES)}; modes: ${MODES.join(', ')}`);
  }
  const mount = findMount(options.mount);
  const client = await talkTo(mount);
  try {
    const answer = await client.request('mode', wanted === undefined ? {} : { to: wanted });
    if (wanted === undefined) writeAll(1, `${answer.mode}\n`);
    else report(answer);
  } catch (error) {
    throw asFailure(error, mount);
  } finally {
    client.close();
  }
  return EXIT.ok;
}

function report({ mode, was, notKept, complete }: ModeSwitched): void {
  if (onTerminal) say(mode === was ? `mode ${mode}, as before` : `mode ${mode}, was ${was}`);
  if (notKept !== null) say(`mode ${mode} is in force, but will be forgotten at unmount: ${notKept}`);
  if (!complete) say('the kernel is still being told: for a while, some names may show as before');
}
