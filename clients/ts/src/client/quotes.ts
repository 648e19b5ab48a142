/** Loads what the messages of a room answer, where that is not among the entries that are here. */

import { type Command, MESSAGES_PER_COMMAND, type Reply, type RoomId } from "../protocol.ts";
import { repliedTo } from "../store/changes.ts";
import type { Store } from "../store/store.ts";
import type { ProfileLoader } from "./profiles.ts";

/** The quotes of a client. */
export class QuoteLoader {
  readonly #store: Store;
  readonly #profiles: ProfileLoader;
  readonly #request: (command: Command) => Promise<Reply>;
  /** What is being asked for, by room. */
  readonly #asking = new Map<RoomId, Set<number>>();

  constructor(
    store: Store,
    profiles: ProfileLoader,
    request: (command: Command) => Promise<Reply>,
  ) {
    this.#store = store;
    this.#profiles = profiles;
    this.#request = request;
  }

  /** Loads what is missing of a room, all of it at once. */
  async load(room: RoomId): Promise<void> {
    const view = this.#store.get(room);
    const first = view?.entries[0]?.position;
    if (!view?.held || first === undefined) return;
    const asking = this.#asking.get(room) ?? new Set();
    const missing = new Set<number>();
    for (const { kind } of view.entries) {
      const position = kind.type === "message" ? repliedTo(kind.value.extras) : null;
      const here = position === null || (position >= first && position <= view.last);
      if (!here && !view.quotes.has(position) && !asking.has(position)) missing.add(position);
    }
    for (const { message } of view.pins?.pins ?? []) {
      const here = message >= first && message <= view.last;
      if (!here && !view.quotes.has(message) && !asking.has(message)) missing.add(message);
    }
    const wanted = [...missing];
    for (let at = 0; at < wanted.length; at += MESSAGES_PER_COMMAND) {
      await this.#ask(room, wanted.slice(at, at + MESSAGES_PER_COMMAND));
    }
  }

  async #ask(room: RoomId, positions: readonly number[]): Promise<void> {
    const asking = this.#asking.get(room) ?? new Set();
    this.#asking.set(room, asking);
    for (const position of positions) asking.add(position);
    try {
      const reply = await this.#request({ type: "previews", value: { room, positions } });
      if (reply.type !== "previews") return;
      this.#profiles.of(reply.value.previews.map(({ preview }) => preview.sender));
      this.#store.quoted(room, positions, reply.value.previews);
    } finally {
      for (const position of positions) asking.delete(position);
      if (asking.size === 0) this.#asking.delete(room);
    }
  }
}
