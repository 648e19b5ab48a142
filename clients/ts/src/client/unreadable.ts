/** Asks again for rooms that the server could not read. */

import { type Command, PAGE_ROOMS, type Reply } from "../protocol.ts";
import type { Store } from "../store/store.ts";
import type { Timers } from "../timers.ts";

/** The wait before the first time; it doubles. */
const FIRST_MS = 5_000;
/** The longest wait. */
const LONGEST_MS = 60_000;

/** What it needs. */
export interface UnreadableOptions {
  readonly store: Store;
  readonly timers: Timers;
  readonly signal: AbortSignal;
  request(command: Command): Promise<Reply>;
}

/** The rooms of the list that cannot be read now. */
export class Unreadable {
  readonly #options: UnreadableOptions;
  #wait = FIRST_MS;
  #cancel: (() => void) | undefined;

  constructor(options: UnreadableOptions) {
    this.#options = options;
    options.signal.addEventListener("abort", () => this.#cancel?.(), { once: true });
  }

  /** The list was loaded: asks again soon, if there are such rooms. */
  listed(): void {
    this.#wait = FIRST_MS;
    this.#later();
  }

  /** Asks now. */
  async retry(): Promise<void> {
    const { store, request } = this.#options;
    const value = { after: null, context: null, limit: PAGE_ROOMS };
    const reply = await request({ type: "rooms", value });
    if (reply.type === "rooms") for (const summary of reply.value.rooms) store.put(summary);
  }

  #later(): void {
    const { store, timers, signal } = this.#options;
    this.#cancel?.();
    this.#cancel = undefined;
    const { rooms } = store.rooms.view.getSnapshot();
    if (signal.aborted || rooms.every((summary) => summary.readable)) return;
    const again = () => this.#later();
    this.#cancel = timers.after(this.#wait, () => void this.retry().then(again, again));
    this.#wait = Math.min(LONGEST_MS, 2 * this.#wait);
  }
}
