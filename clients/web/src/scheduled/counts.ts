import type { ScheduledMessage } from "@caffis/chat";

/** How many messages there are, and how many of them could not be sent. */
export interface Counts {
  readonly all: number;
  readonly failed: number;
}

/** Counts scheduled messages. Pure. */
export function countsOf(messages: Iterable<Pick<ScheduledMessage, "failed">>): Counts {
  let [all, failed] = [0, 0];
  for (const message of messages) {
    all += 1;
    if (message.failed !== null) failed += 1;
  }
  return { all, failed };
}
