// Operations whose change may go to disk: where disk refuses it because it has become read-only, they are done once more as if disk took no
// changes, so that what is excluded spills to flash.

import { EROFS } from '../errno.ts';
import type { Operation } from '../fuse/operation.ts';
import type { Engine } from './engine.ts';

/** `operation`, which has changed nothing when it gives EROFS. */
export function routed<In>(operation: Operation<Engine, In>): Operation<Engine, In> {
  return (engine, req, arg) => {
    const outcome = operation(engine, req, arg);
    if (outcome !== EROFS || !engine.routes.diskTakesChanges) return outcome;
    return engine.routes.withoutDisk(() => operation(engine, req, arg));
  };
}
