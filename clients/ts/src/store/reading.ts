/** How far this person has read each room: summaries and events may arrive in another order than they were made. */

import type { OwnRead, RoomId, RoomSummary } from "../protocol.ts";

/** Decides which read number counts. */
export class Reading {
  /** The number up to which a mark of this client is on its way to the server; 0 for none. */
  readonly #marking: (room: RoomId) => number;
  /** Rooms whose read number is known in this session: every later change comes as an event. */
  readonly #known = new Set<RoomId>();
  /** The number of the person's last own message, which counts as read. */
  readonly #wrote = new Map<RoomId, number>();

  constructor(marking: (room: RoomId) => number) {
    this.#marking = marking;
  }

  /** A new session begins: its summaries count, because the person may have marked rooms elsewhere. */
  welcomed(): void {
    this.#known.clear();
  }

  /** A room is gone. */
  forget(room: RoomId): void {
    this.#known.delete(room);
    this.#wrote.delete(room);
  }

  /** The read number of a room changed here: summaries made before that no longer count. */
  changed(room: RoomId): void {
    this.#known.add(room);
  }

  /** The person wrote the message with this number. */
  wrote(room: RoomId, number: number): void {
    this.#wrote.set(room, number);
  }

  /** The read number after a summary; `before` is what was known. */
  afterSummary(summary: RoomSummary, before: number): number {
    const { room, role, number, read } = summary;
    const known = this.#known.has(room);
    this.#known.add(room);
    if (before > number || (this.#wrote.get(room) ?? 0) > number) {
      // The server was restored to an older state.
      this.#wrote.delete(room);
      return read;
    }
    // The server keeps no marker of visitors.
    if (role === null) return Math.max(before, read);
    const marking = this.#marking(room);
    return Math.max(known ? before : read, marking <= number ? marking : 0);
  }

  /**
   * The read number after an event, or null where the event is older than what is known. It may go
   * back: the person marked messages as unread on another device.
   */
  afterEvent({ room, read, unread }: OwnRead): number | null {
    // `read + unread` is the last message that the server knew of when it made the event.
    const overtaken = (this.#wrote.get(room) ?? 0) > read + unread;
    return overtaken || read < this.#marking(room) ? null : read;
  }
}
