/** Loads what the server gives in pages: older and newer entries, further rooms, members. */

import {
  type Anchor,
  type Command,
  type EntryPage,
  type Member,
  PAGE_ENTRIES,
  PAGE_MEMBERS,
  PAGE_ROOMS,
  type Reply,
  type RoomId,
} from "../protocol.ts";
import { HELD_ENTRIES } from "../store/log.ts";
import type { Store } from "../store/store.ts";
import type { ProfileLoader } from "./profiles.ts";

/** Pages of members that are loaded of one room. */
const MEMBER_PAGES = 10;

/** The pages of a client. */
export class PageLoader {
  readonly #store: Store;
  readonly #profiles: ProfileLoader;
  readonly #jumping = new Set<RoomId>();
  readonly #request: (command: Command, signal?: AbortSignal) => Promise<Reply>;

  constructor(
    store: Store,
    profiles: ProfileLoader,
    request: (command: Command, signal?: AbortSignal) => Promise<Reply>,
  ) {
    this.#store = store;
    this.#profiles = profiles;
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
      const page = await this.#history(room, { type: "before", value: first }, limit);
      if (page) this.#store.older(room, page);
    } finally {
      this.#store.change(room, (each) => ({ ...each, loadingBefore: false }));
    }
  }

  /** The entries after those that are here, where the copy ends before the end of the log. */
  async newer(room: RoomId): Promise<void> {
    const view = this.#store.get(room);
    if (!view?.moreAfter || view.loadingAfter) return;
    this.#store.change(room, (each) => ({ ...each, loadingAfter: true }));
    try {
      const page = await this.#history(room, { type: "after", value: view.last }, PAGE_ENTRIES);
      if (page) this.#store.newer(room, page);
    } finally {
      this.#store.change(room, (each) => ({ ...each, loadingAfter: false }));
    }
  }

  /** The last entries instead of those that are here, where the copy ends before the end of the log. */
  async latest(room: RoomId): Promise<void> {
    if (!this.#store.get(room)?.moreAfter || this.#jumping.has(room)) return;
    this.#jumping.add(room);
    try {
      const page = await this.#history(room, { type: "latest" }, PAGE_ENTRIES);
      if (page) this.#store.latest(room, page);
    } finally {
      this.#jumping.delete(room);
    }
  }

  /** The entries around a position; false if this person sees none there. */
  async around(room: RoomId, position: number): Promise<boolean> {
    const page = await this.#history(room, { type: "around", value: position }, PAGE_ENTRIES);
    const found = page?.entries.some((entry) => entry.position === position) ?? false;
    if (page && found) this.#store.around(room, page);
    return found;
  }

  async #history(room: RoomId, anchor: Anchor, limit: number): Promise<EntryPage | null> {
    const reply = await this.#request({ type: "history", value: { room, anchor, limit } });
    if (reply.type !== "page") return null;
    this.#profiles.ofEntries(reply.value.entries);
    return reply.value;
  }

  /** The next page of the room list. */
  async rooms(): Promise<void> {
    const after = this.#store.rooms.view.getSnapshot().rooms.at(-1)?.room ?? null;
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
