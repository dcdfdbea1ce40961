// One thread of threads.test.ts.

import { asBytes } from '../../src/bytes.ts';
import { AT_FDCWD } from '../../src/sys/at.ts';
import { O_DIRECTORY, O_PATH, close, openat } from '../../src/sys/open.ts';
import { enterProc } from '../../src/sys/process.ts';
import { churn } from './churn.ts';
import { ok } from './place.ts';
import { serve } from './thread.ts';

const churnAs = (id: number) => (dir: string) => {
  const proc = ok(openat(AT_FDCWD, asBytes('/proc'), O_PATH | O_DIRECTORY));
  ok(enterProc(proc));
  churn(dir, id, 150);
  ok(close(proc));
};

serve({ '1': churnAs(1), '2': churnAs(2), '3': churnAs(3), '4': churnAs(4), '5': churnAs(5), '6': churnAs(6) });
