// A refusal on purpose: thrown by whatever carries out a command, it goes to the client as it is.

import type { ErrorCode, ProtocolError } from './protocol.ts';

export class Refusal extends Error {
  readonly code: ErrorCode;

  /** `message` says to people what was refused, of what, and what they can do. */
  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }

  /** As the protocol says it. */
  get error(): ProtocolError {
    return { code: this.code, message: this.message };
  }
}
