// A rename: two names and what they are. Types only.

import type { ByteString } from '../bytes.ts';
import type { DirNode, Node } from '../tree/node.ts';

export interface Move {
  readonly from: DirNode;
  readonly oldName: ByteString;
  readonly to: DirNode;
  readonly newName: ByteString;
  readonly source: Node;
  /** What the new name is now; null: nothing. */
  readonly target: Node | null;
}
