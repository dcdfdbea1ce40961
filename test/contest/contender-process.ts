// The process of one contender: does its rounds in the tree that it is told of, and reports.

import { asBytes } from '../../src/bytes.ts';
import { AT_FDCWD } from '../../src/sys/at.ts';
import { RENAME_EXCHANGE, renameat2 } from '../../src/sys/link.ts';
import { O_DIRECTORY, O_RDONLY, openFollow } from '../../src/sys/open.ts';
import { enterProc } from '../../src/sys/process.ts';
import { Contender } from './contender.ts';
import { Prizes } from './prizes.ts';
import { Rival } from './rivals.ts';
import { Wholes } from './wholes.ts';

export interface Orders {
  readonly root: string;
  readonly who: number;
  readonly seed: number;
  readonly rounds: number;
  /** A rival changes, a reader looks, a mover renames the directories in which others work. */
  readonly role: 'rival' | 'reader' | 'mover';
}

export interface Report {
  readonly wrong: readonly string[];
  /** Object to inode number. */
  readonly numbers: readonly (readonly [string, string])[];
  readonly prizes: Readonly<Record<string, number>>;
}

function compete(by: Contender, { role, rounds }: Orders): Prizes {
  const [rival, wholes, prizes] = [new Rival(by), new Wholes(by), new Prizes(by)];
  for (let round = 0; round < rounds; round++) {
    rival[role === 'rival' ? 'step' : 'look']();
    if (round % 3 === 0) wholes[role === 'rival' ? 'change' : 'look']();
    if (role === 'rival') prizes.step();
  }
  while (role === 'rival' && !prizes.over) prizes.step();
  by.letGo();
  return prizes;
}

/** An even number of moves, each undone by the next: at the end all is where it was. */
function move(by: Contender, rounds: number): void {
  const dir = by.directory('moving');
  const [here, there, other] = [asBytes('here'), asBytes('there'), asBytes('other')];
  for (let round = 0; round < rounds; round++) {
    by.allow('rename of a directory', renameat2(dir, here, dir, there));
    by.allow('rename of a directory back', renameat2(dir, there, dir, here));
    by.allow('exchange of directories', renameat2(dir, here, dir, other, RENAME_EXCHANGE));
    by.allow('exchange of directories back', renameat2(dir, other, dir, here, RENAME_EXCHANGE));
  }
}

enterProc(openFollow(AT_FDCWD, asBytes('/proc'), O_RDONLY | O_DIRECTORY));
process.once('message', (orders: Orders) => {
  const by = new Contender(orders.root, orders.who, orders.seed);
  let prizes = {};
  if (orders.role === 'mover') move(by, orders.rounds);
  else prizes = compete(by, orders).got;
  const report: Report = { wrong: by.wrong, numbers: [...by.numbers], prizes };
  process.send?.(report, () => {
    process.disconnect();
  });
});
