/** Asks polls, votes in them, and tells what came out. */

import type { ServerClock } from "../clock.ts";
import {
  type ClientKey,
  type Command,
  PAGE_VOTERS,
  type PollBody,
  type PollResults,
  type Reply,
  type RoomId,
  randomClientId,
  type UserId,
  type VoterPage,
} from "../protocol.ts";
import { extrasOfReply, type ReplyIn } from "../store/changes.ts";
import type { Store } from "../store/store.ts";
import type { ProfileLoader } from "./profiles.ts";

type Request = (command: Command, signal?: AbortSignal) => Promise<Reply>;

/** The polls of a client. A poll is named by its position in the room's log. */
export class Polls {
  readonly #store: Store;
  readonly #clock: ServerClock;
  readonly #profiles: ProfileLoader;
  readonly #request: Request;

  constructor(store: Store, clock: ServerClock, profiles: ProfileLoader, request: Request) {
    this.#store = store;
    this.#clock = clock;
    this.#profiles = profiles;
    this.#request = request;
  }

  /** Asks a poll, in a room or in a thread. Unlike a text it is not kept when this client ends before it was acknowledged. */
  async ask(
    room: RoomId,
    poll: PollBody,
    thread: ReplyIn | null = null,
    signal?: AbortSignal,
  ): Promise<void> {
    const body = { type: "poll", value: poll } as const;
    const value = { key: this.#key(room), room, body, extras: extrasOfReply(thread) };
    await this.#request({ type: "send", value }, signal);
  }

  /** Says all that this person chooses, counted from 0, in place of what they chose before; nothing takes it back. */
  async vote(
    room: RoomId,
    position: number,
    choices: readonly number[],
    signal?: AbortSignal,
  ): Promise<void> {
    const value = { key: this.#key(room), room, position, choices };
    await this.#request({ type: "vote", value }, signal);
  }

  /** Closes a poll: for its author, and for those who moderate. */
  async close(room: RoomId, position: number, signal?: AbortSignal): Promise<void> {
    const value = { key: this.#key(room), room, position };
    await this.#request({ type: "close_poll", value }, signal);
  }

  /** What came out, and what this person has chosen. */
  async results(room: RoomId, position: number, signal?: AbortSignal): Promise<PollResults> {
    const reply = await this.#request({ type: "poll", value: { room, position } }, signal);
    if (reply.type !== "poll") throw new Error(`poll was answered by ${reply.type}`);
    return reply.value;
  }

  /** A page of those who voted, by their ids; after the last one of the page before. Not of an anonymous poll. */
  async voters(
    room: RoomId,
    position: number,
    after: UserId | null = null,
    signal?: AbortSignal,
  ): Promise<VoterPage> {
    const value = { room, position, after, limit: PAGE_VOTERS };
    const reply = await this.#request({ type: "voters", value }, signal);
    if (reply.type !== "voters") throw new Error(`voters was answered by ${reply.type}`);
    this.#profiles.of(reply.value.voters.map(({ user }) => user));
    return reply.value;
  }

  #key(room: RoomId): ClientKey {
    return { id: randomClientId(), time: this.#clock.now(), head: this.#store.headOf(room) };
  }
}
