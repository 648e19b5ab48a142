/** What can go wrong with a command. */

import type { ErrorCode, Outcome, WireError } from "./generated/protocol.ts";
import type { Farewell } from "./link/link.ts";

/** The server answered with an error. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  /** What went wrong. */
  readonly code: ErrorCode;
  /** Whether it certainly did not happen, or that is not known. */
  readonly outcome: Outcome;
  /** Try the same again after so many milliseconds; null: trying again changes nothing. */
  readonly retryAfterMs: number | null;

  constructor(error: WireError) {
    super(error.sentence);
    this.code = error.code;
    this.outcome = error.outcome;
    this.retryAfterMs = error.retryAfterMs;
  }
}

/** The link ended before the answer came. */
export class LinkLostError extends Error {
  override readonly name = "LinkLostError";
  /** Why it ended. */
  readonly farewell: Farewell;

  constructor(farewell: Farewell) {
    super(farewell.reason || `the link ended (${farewell.code})`);
    this.farewell = farewell;
  }
}

/** The client was disposed of, or the server refused it for good. */
export class EndedError extends Error {
  override readonly name = "EndedError";
}
