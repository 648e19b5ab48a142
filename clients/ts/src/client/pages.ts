/** Loads what the server gives in pages: older entries, further rooms, members. */

import {
  type Command,
  type Member,
  PAGE_ENTRIES,
  PAGE_MEMBERS,
  PAGE_ROOMS,
  type Reply,
  type RoomId,
} from "../protocol.ts";
import { HELD_ENTRIES } from "../store/log.ts";
import type { Store } from "../store/store.ts";
import type { Names } from "./names.ts";

/** Pages of members that are loaded of one room. */
const MEMBER_PAGES = 10;

/** The pages of a client. */
export class Pages {
  readonly #store: Store;
  readonly #names: Names;
  readonly #request: (command: Command, signal?: AbortSignal) => Promise<Reply>;

  constructor(
    store: Store,
    names: Names,
    request: (command: Command, signal?: AbortSignal) => Promise<Reply>,
  ) {
    this.#store = store;
    this.#names = names;
    this.#request = request;
  }

  /** The entries before those that are here, up to {@link HELD_ENTRIES}. */
  async older(room: RoomId): Promise<void> {
    const view = this.#store.get(room);
    const first = view?.entries[0]?.position;
    if (!view?.moreBefore || view.loadingBefore || first === undefined) return;
    const limit = Math.min(PAGE_ENTRIES, HELD_ENTRIES - view.entries.length);
    if (limit <= 0) return;
    this.#store.change(room, (each) => ({ ...each, loadingBefore: true }));
    try {
      const anchor = { type: "before", value: first } as const;
      const reply = await this.#request({ type: "history", value: { room, anchor, limit } });
      if (reply.type === "page") {
        this.#store.older(room, reply.value);
        this.#names.ofEntries(reply.value.entries);
      }
    } finally {
      this.#store.change(room, (each) => ({ ...each, loadingBefore: false }));
    }
  }

  /** The next page of the room list. */
  async rooms(): Promise<void> {
    const after = this.#store.rooms.getSnapshot().rooms.at(-1)?.room ?? null;
    const reply = await this.#request({
      type: "rooms",
      value: { after, context: null, limit: PAGE_ROOMS },
    });
    if (reply.type === "rooms") this.#store.page(reply.value.rooms, reply.value.more);
  }

  /** A room's members. */
  async members(room: RoomId, signal?: AbortSignal): Promise<void> {
    const members: Member[] = [];
    for (let page = 0; page < MEMBER_PAGES; page += 1) {
      const after = members.at(-1)?.profile.user ?? null;
      const reply = await this.#request(
        { type: "members", value: { room, after, limit: PAGE_MEMBERS } },
        signal,
      );
      if (reply.type !== "members") return;
      members.push(...reply.value.members);
      if (!reply.value.more) break;
    }
    this.#store.members(room, members);
  }
}
