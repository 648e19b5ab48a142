/** What is known of rooms' logs beyond the copies of them that are here: how far they go, and what changes in them. */

import type { Entry, RoomId } from "../protocol.ts";
import { changedMessage, changedThread, withChanges, withHidden } from "./changes.ts";
import type { Log } from "./log.ts";
import type { RoomView } from "./views.ts";

/** Changes of messages that are kept of one room while its copy has not come so far. */
const BEYOND_ENTRIES = 200;

/** Keeps it for all rooms. */
export class Beyond {
  /** The highest position heard of in each room: a copy that ends before it is incomplete. */
  readonly #heard = new Map<RoomId, number>();
  /** Changes of messages that came beyond a room's copy: pages that were read before them may come later. */
  readonly #changes = new Map<RoomId, readonly Entry[]>();
  /** The messages that this person has hidden in this session: pages that were read before may come later. */
  readonly #hidden = new Map<RoomId, Set<number>>();

  /** The highest position heard of; 0 for none. */
  heard(id: RoomId): number {
    return this.#heard.get(id) ?? 0;
  }

  /** A position is in a room's log. */
  hear(id: RoomId, position: number): void {
    if (position > this.heard(id)) this.#heard.set(id, position);
  }

  /** A room's log ends at this position, however far it went before. */
  reset(id: RoomId, head: number): void {
    this.#heard.set(id, head);
  }

  /** How far a room's log goes is not known any more. */
  forgetHead(id: RoomId): void {
    this.#heard.delete(id);
  }

  /** A room is gone. */
  forget(id: RoomId): void {
    this.#heard.delete(id);
    this.#changes.delete(id);
  }

  /** Keeps an entry that changes messages, for when the copy has come so far. */
  keep(id: RoomId, entry: Entry): void {
    const changes = changedMessage(entry.kind) !== null || changedThread(entry.kind) !== null;
    if (!changes && entry.kind.type !== "pinned") return;
    const known = this.#changes.get(id) ?? [];
    this.#changes.set(id, [...known, entry].slice(-BEYOND_ENTRIES));
  }

  /** This person has hidden a message. */
  hide(id: RoomId, position: number): void {
    this.#hidden.set(id, this.hidden(id).add(position));
  }

  /** The messages of a room that this person has hidden. */
  hidden(id: RoomId): Set<number> {
    return this.#hidden.get(id) ?? new Set();
  }

  /** The entries of a room that are here, in its copy and beyond. */
  entries(view: RoomView): readonly Entry[] {
    return [...view.entries, ...(this.#changes.get(view.id) ?? [])];
  }

  /** A copy as it is shown: with what is known beyond it. It reaches the end once it has all that was heard of. */
  shown(id: RoomId, { entries, last, moreBefore, moreAfter }: Log): Log {
    const beyond = (this.#changes.get(id) ?? []).filter(({ position }) => position > last);
    if (beyond.length > 0) this.#changes.set(id, beyond);
    else this.#changes.delete(id);
    return {
      entries: withHidden(withChanges(entries, beyond), this.#hidden.get(id) ?? []),
      last,
      moreBefore,
      moreAfter: moreAfter && last < this.heard(id),
    };
  }
}
