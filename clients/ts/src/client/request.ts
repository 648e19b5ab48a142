/** Sends a command until it is answered for good. */

import { CommandError, LinkLostError } from "../errors.ts";
import type { Command, Reply } from "../protocol.ts";
import { sleep, type Timers } from "../timers.ts";
import type { Connector } from "./connector.ts";

/** How often a command is tried again that the server puts off. */
const RETRIES = 20;

/** Sends a command on this session or the next ones; rejects when it is refused, or the client ends. */
export async function requestAgain(
  connector: Connector,
  timers: Timers,
  command: Command,
  signal: AbortSignal,
): Promise<Reply> {
  for (let tries = 0; ; ) {
    const session = await connector.online(signal);
    try {
      return await session.request(command, signal);
    } catch (error) {
      if (error instanceof LinkLostError) continue;
      if (!(error instanceof CommandError) || error.retryAfterMs === null) throw error;
      tries += 1;
      if (tries > RETRIES) throw error;
      await sleep(timers, error.retryAfterMs, signal);
    }
  }
}
