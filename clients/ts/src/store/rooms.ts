/** The list of rooms. */

import type { RoomId, RoomSummary } from "../protocol.ts";
import { inListOrder } from "./placement.ts";
import { Cell } from "./readable.ts";
import type { RoomListView } from "./views.ts";

/** The rooms of this person: what is pinned, then the most active. */
export class RoomList {
  readonly view = new Cell<RoomListView>({ rooms: [], more: false, loaded: false });

  /** The server gave a page of the list; `more` says whether it has further ones. */
  loaded(more: boolean): void {
    this.view.update((list) => ({ ...list, more, loaded: true }));
  }

  /** Adds a room, or takes its new summary. */
  put(summary: RoomSummary): void {
    this.view.update((list) => {
      const others = list.rooms.filter((each) => each.room !== summary.room);
      return { ...list, rooms: [...others, summary].sort(inListOrder) };
    });
  }

  /** Removes a room. */
  remove(room: RoomId): void {
    this.view.update((list) => ({
      ...list,
      rooms: list.rooms.filter((each) => each.room !== room),
    }));
  }
}
