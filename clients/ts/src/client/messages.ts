/** Changes messages that were sent. */

import type { ServerClock } from "../clock.ts";
import {
  type Body,
  type ClientKey,
  type Command,
  type Mentions,
  REVISIONS,
  type Reply,
  type ReportReason,
  type Revision,
  type RoomId,
  randomClientId,
} from "../protocol.ts";
import { extrasOfReply, type ReplyIn } from "../store/changes.ts";
import type { Store } from "../store/store.ts";

/** How often the pins of a room are asked for until nothing is missing between them and the entries. */
const PIN_TRIES = 5;

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

  /**
   * Changes the words of a message of this person, and with `mentions` whom it mentions; within `editWindowMs` of
   * the limits.
   */
  async edit(
    room: RoomId,
    position: number,
    text: string,
    mentions: Mentions | null = null,
    signal?: AbortSignal,
  ): Promise<void> {
    const body = { type: "text", value: { text } } as const;
    const value = { key: this.#key(room), room, position, body, mentions };
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

  /** Pins a message in its room, or takes that back. */
  async pin(room: RoomId, position: number, pin: boolean, signal?: AbortSignal): Promise<void> {
    const value = { key: this.#key(room), room, position, pin };
    await this.#request({ type: "pin", value }, signal);
  }

  /** Loads what is pinned in a room: see the pins of the room, which are kept up to date from then on. */
  async loadPins(room: RoomId, signal?: AbortSignal): Promise<void> {
    // Entries may overtake the answer, so that something between the two is missing.
    for (let tries = 0; tries < PIN_TRIES && this.#store.get(room)?.pins === null; tries += 1) {
      const reply = await this.#request({ type: "pins", value: { room } }, signal);
      if (reply.type === "pins") this.#store.pinned(room, reply.value);
    }
  }

  /** Deletes a message for this person alone, on all their devices. */
  async hide(room: RoomId, position: number, signal?: AbortSignal): Promise<void> {
    await this.#request({ type: "hide", value: { room, position } }, signal);
  }

  /** Sends what a message says to a room, with who wrote it first. */
  async forward(
    room: RoomId,
    source: RoomId,
    position: number,
    signal?: AbortSignal,
  ): Promise<void> {
    const value = { key: this.#key(room), room, source, position, copied: null };
    await this.#request({ type: "forward", value }, signal);
  }

  /** Stars a message for this person alone, on all their devices, or takes that back. */
  async star(room: RoomId, position: number, star: boolean, signal?: AbortSignal): Promise<void> {
    await this.#request({ type: "star", value: { room, position, star } }, signal);
  }

  /** Sends where something is, or how to reach a place, in a room or in a thread. It is not kept when this client ends before. */
  async sendPlace(
    room: RoomId,
    body: Extract<Body, { type: "location" | "place" }>,
    thread: ReplyIn | null = null,
    signal?: AbortSignal,
  ): Promise<void> {
    const value = { key: this.#key(room), room, body, extras: extrasOfReply(thread) };
    await this.#request({ type: "send", value }, signal);
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
