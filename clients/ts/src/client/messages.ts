/** Changes messages that were sent. */

import type { ServerClock } from "../clock.ts";
import {
  type ClientKey,
  type Command,
  REVISIONS,
  type Reply,
  type ReportReason,
  type Revision,
  type RoomId,
  randomClientId,
} from "../protocol.ts";
import type { Store } from "../store/store.ts";

type Request = (command: Command, signal?: AbortSignal) => Promise<Reply>;

/** What people do with messages that were sent. A message is named by its position in the room's log. */
export class Messages {
  readonly #store: Store;
  readonly #clock: ServerClock;
  readonly #request: Request;

  constructor(store: Store, clock: ServerClock, request: Request) {
    this.#store = store;
    this.#clock = clock;
    this.#request = request;
  }

  /** Changes the words of a message of this person; within `editWindowMs` of the limits. */
  async edit(room: RoomId, position: number, text: string, signal?: AbortSignal): Promise<void> {
    const body = { type: "text", value: { text } } as const;
    const value = { key: this.#key(room), room, position, body };
    await this.#request({ type: "edit", value }, signal);
  }

  /**
   * Deletes a message for everyone: one's own while nobody else has read it, in large and public rooms for
   * `editWindowMs` after it was sent; any as an admin or owner.
   */
  async delete(room: RoomId, position: number, signal?: AbortSignal): Promise<void> {
    await this.#request(
      { type: "delete", value: { key: this.#key(room), room, position } },
      signal,
    );
  }

  /** Reacts to a message with an emoji, or takes that back. */
  async react(
    room: RoomId,
    position: number,
    emoji: string,
    add: boolean,
    signal?: AbortSignal,
  ): Promise<void> {
    const value = { key: this.#key(room), room, position, emoji, add };
    await this.#request({ type: "react", value }, signal);
  }

  /** What a message said, oldest first: for its author, and for admins and owners. */
  async revisions(room: RoomId, position: number, signal?: AbortSignal): Promise<Revision[]> {
    const revisions: Revision[] = [];
    for (let page = 0; page < REVISIONS; page += 1) {
      const last = revisions.at(-1);
      const from = last ? last.revision + 1 : 0;
      const reply = await this.#request(
        { type: "revisions", value: { room, position, from } },
        signal,
      );
      if (reply.type !== "revisions") throw new Error(`revisions was answered by ${reply.type}`);
      revisions.push(...reply.value.revisions);
      if (!reply.value.more) break;
    }
    return revisions;
  }

  /** Tells the moderators of a message of somebody else. The room does not hear of it. */
  async report(
    room: RoomId,
    position: number,
    reason: ReportReason,
    text: string,
    signal?: AbortSignal,
  ): Promise<void> {
    await this.#request({ type: "report", value: { room, position, reason, text } }, signal);
  }

  #key(room: RoomId): ClientKey {
    return { id: randomClientId(), time: this.#clock.now(), head: this.#store.headOf(room) };
  }
}
