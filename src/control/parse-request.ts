// One line of a client turned into a request, or into the refusal that it gets. Pure; takes nothing on trust.

import { COMMANDS } from './commands.ts';
import { wrongField } from './fields.ts';
import { PROTOCOL_VERSION, type CommandName, type ProtocolError, type Request } from './protocol.ts';

/** What is wrong with a line, and the id to answer to (0 when it had none). */
export interface BadRequest {
  readonly id: number;
  readonly error: ProtocolError;
}

export function parseRequest(line: string): Request | BadRequest {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return bad(0, 'malformed', 'not JSON');
  }
  if (!isRecord(parsed)) return bad(0, 'malformed', 'not an object');
  const { v, id, command, args = {} } = parsed;
  if (typeof id !== 'number' || !Number.isSafeInteger(id) || id < 1)
    return bad(0, 'malformed', 'id must be a positive integer');
  if (v !== PROTOCOL_VERSION) return bad(id, 'version', `this mount speaks version ${PROTOCOL_VERSION}`);
  if (typeof command !== 'string' || !isCommand(command)) {
    return bad(id, 'unknown-command', `commands: ${Object.keys(COMMANDS).join(', ')}`);
  }
  if (!isRecord(args)) return bad(id, 'bad-args', 'args must be an object');
  const wrong = wrongField(COMMANDS[command], args);
  // Checked just now against this command's fields, which the table's type ties to its arguments.
  return wrong === undefined ? ({ v, id, command, args } as Request) : bad(id, 'bad-args', `${command}: ${wrong}`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCommand(word: string): word is CommandName {
  return Object.hasOwn(COMMANDS, word);
}

function bad(id: number, code: ProtocolError['code'], message: string): BadRequest {
  return { id, error: { code, message } };
}
