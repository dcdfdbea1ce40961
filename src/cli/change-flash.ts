// `rootsync add`, `forget` and `sync`: what people have done to flash by the daemon of a live mount, which alone may.

import { connectToMount, type ControlClient } from '../control/client.ts';
import type { Added, Forgotten, LeftOut, PathText } from '../control/protocol.ts';
import { printable } from './event-line.ts';
import { EXIT } from './exit-codes.ts';
import { asFailure, Failure, findMount, talkTo } from './live-mount.ts';
import { baseWithin, mergedPath } from './merged-path.ts';
import { inRequests, readPaths } from './path-words.ts';
import { showProgress } from './progress.ts';
import { exactly } from './run/raw-words.ts';
import { say, writeAll } from './say.ts';

export interface ChangeOptions {
  readonly mount?: string;
  readonly from?: string;
  readonly force?: true;
  readonly json?: true;
}

/** @throws Failure */
export async function add(words: readonly string[], options: ChangeOptions): Promise<number> {
  const sum = { added: 0, present: 0, excluded: 0, failed: 0, failures: [] as LeftOut[] };
  await eachRequest('copying', words, options, async (client, paths) => {
    const part: Added = await client.request('add', { paths });
    for (const count of ['added', 'present', 'excluded', 'failed'] as const) sum[count] += part[count];
    sum.failures.push(...part.failures);
  });
  if (options.json) writeAll(1, `${JSON.stringify(sum)}\n`);
  else {
    tell(sum.failures, sum.failed, REASONS);
    const left = sum.excluded > 0 ? `, ${String(sum.excluded)} left out by exclude rules` : '';
    writeAll(1, `${String(sum.added)} added, ${String(sum.present)} on flash before${left}\n`);
  }
  return sum.failed > 0 ? EXIT.failed : EXIT.ok;
}

/** @throws Failure */
export async function forget(words: readonly string[], options: ChangeOptions): Promise<number> {
  const sum = { forgotten: 0, kept: 0, keptBecause: [] as LeftOut[] };
  await eachRequest('forgetting', words, options, async (client, paths) => {
    const part: Forgotten = await client.request('forget', { paths, force: options.force ?? false });
    sum.forgotten += part.forgotten;
    sum.kept += part.kept;
    sum.keptBecause.push(...part.keptBecause);
  });
  if (options.json) writeAll(1, `${JSON.stringify(sum)}\n`);
  else {
    tell(sum.keptBecause, sum.kept, {});
    writeAll(1, `${String(sum.forgotten)} forgotten\n`);
  }
  return sum.kept > 0 ? EXIT.failed : EXIT.ok;
}

/** @throws Failure */
export async function sync(options: ChangeOptions): Promise<number> {
  const mount = findMount(options.mount);
  const client = await talkTo(mount);
  try {
    const { full, unwritten } = await withProgress('copying', mount, client.request('sync', {}));
    if (full) say('flash is full: captures wait until it has room');
    if (unwritten > 0) say(`${String(unwritten)} events are not in the log: it cannot be written`);
    return full || unwritten > 0 ? EXIT.failed : EXIT.ok;
  } catch (error) {
    throw asFailure(error, mount);
  } finally {
    client.close();
  }
}

type Mount = ReturnType<typeof findMount>;

async function eachRequest(
  title: string,
  words: readonly string[],
  options: ChangeOptions,
  ask: (client: ControlClient, paths: readonly PathText[]) => Promise<void>,
): Promise<void> {
  const mount = findMount(options.mount);
  const base = baseWithin(mount.mountpoint);
  const paths = exactly(words).map((word) => mergedPath(word, base));
  if (options.from !== undefined) paths.push(...readPaths(options.from, base));
  else if (words.length === 0) throw new Failure(EXIT.usage, 'no PATH: give some, or a list of them with --from FILE');
  const client = await talkTo(mount);
  try {
    const all = async (): Promise<void> => {
      for (const batch of inRequests(paths)) await ask(client, batch);
    };
    await withProgress(title, mount, all());
  } catch (error) {
    throw asFailure(error, mount);
  } finally {
    client.close();
  }
}

/** Shows what is left to copy while `work` is under way; over a connection of its own, since one's requests are answered in turn. */
async function withProgress<T>(title: string, mount: Mount, work: Promise<T>): Promise<T> {
  let watcher: ControlClient | undefined;
  const left = async (): Promise<number> => {
    watcher ??= await connectToMount(mount);
    const { queue } = await watcher.request('status', {});
    return queue.asked > 0 ? queue.asked : queue.pending + queue.copying;
  };
  return showProgress(title, left, work).finally(() => watcher?.close());
}

const REASONS: Readonly<Record<string, string>> = {
  'too-big': 'bigger than max-file-size allows',
  reserve: 'flash has no more room than its reserve; it is copied once there is',
  'flash-full': 'flash is full; it is copied once there is room',
  ENOENT: 'no such path',
};

function tell(left: readonly LeftOut[], count: number, words: Readonly<Record<string, string>>): void {
  for (const { path, reason } of left) say(`${printable(path)}: ${words[reason] ?? reason}`);
  if (count > left.length) say(`and ${String(count - left.length)} more`);
}
