import { churn } from './churn.ts';
import { place } from './place.ts';
import { inThread } from './thread.ts';

describe('sys in several threads', () => {
  const here = place();

  it('keeps paths, results and errnos of threads apart', async () => {
    const threads = [1, 2, 3, 4, 5, 6].map((id) => inThread('./churn-thread.js', String(id), here.dir));
    churn(here.dir, 0, 150);
    await Promise.all(threads);
  });
});
