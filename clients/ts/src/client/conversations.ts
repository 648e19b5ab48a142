/** Makes rooms and changes who belongs to them. */

import type { ServerClock } from "../clock.ts";
import {
  type ClientKey,
  type Command,
  type Context,
  type HistoryPolicy,
  type Placement,
  type Reply,
  type Role,
  type RoomClass,
  type RoomId,
  type RoomSettings,
  type RoomSummary,
  randomClientId,
  type UserId,
} from "../protocol.ts";
import type { Store } from "../store/store.ts";

type Request = (command: Command, signal?: AbortSignal) => Promise<Reply>;

/** New members see the whole history, unless somebody says otherwise. */
export const WHOLE_HISTORY: HistoryPolicy = { type: "all" };

/** What of a room changes; what is not named stays. */
export interface RoomDescription {
  /** What it is called. It cannot be blank. */
  readonly name?: string;
  /** What it is for; an empty text takes it away. */
  readonly description?: string;
  /** What those see of the time before who join from now on. */
  readonly history?: HistoryPolicy;
}

/** The commands that make rooms and change their members. */
export class Conversations {
  readonly #store: Store;
  readonly #clock: ServerClock;
  readonly #request: Request;

  constructor(store: Store, clock: ServerClock, request: Request) {
    this.#store = store;
    this.#clock = clock;
    this.#request = request;
  }

  /** The direct conversation with a person, made when there is none. */
  direct(user: UserId, signal?: AbortSignal): Promise<RoomSummary> {
    return this.#roomFrom({ type: "ensure_direct", value: { user } }, signal);
  }

  /** A new group. */
  group(
    name: string,
    members: readonly UserId[],
    history: HistoryPolicy,
    signal?: AbortSignal,
  ): Promise<RoomSummary> {
    const value = { key: this.#key(0), name, members, history };
    return this.#roomFrom({ type: "create_group", value }, signal);
  }

  /** The room of a context, made when there is none. */
  ofContext(
    context: Context,
    roomClass: RoomClass,
    name: string | null,
    signal?: AbortSignal,
  ): Promise<RoomSummary> {
    const value = { context, class: roomClass, name, members: [], history: WHOLE_HISTORY };
    return this.#roomFrom({ type: "ensure_room", value }, signal);
  }

  /** Adds members to a group. */
  async add(room: RoomId, users: readonly UserId[], signal?: AbortSignal): Promise<void> {
    await this.#request(
      { type: "add_members", value: { key: this.#key(this.#store.headOf(room)), room, users } },
      signal,
    );
  }

  /** Removes a member from a group. */
  async remove(room: RoomId, user: UserId, signal?: AbortSignal): Promise<void> {
    await this.#request(
      { type: "remove_member", value: { key: this.#key(this.#store.headOf(room)), room, user } },
      signal,
    );
  }

  /** Changes a member's role. */
  async setRole(room: RoomId, user: UserId, role: Role, signal?: AbortSignal): Promise<void> {
    const value = { key: this.#key(this.#store.headOf(room)), room, user, role };
    await this.#request({ type: "set_role", value }, signal);
  }

  /** Makes another member the owner in this person's place. */
  async handOver(room: RoomId, user: UserId, signal?: AbortSignal): Promise<void> {
    const value = { key: this.#key(this.#store.headOf(room)), room, user };
    await this.#request({ type: "transfer_ownership", value }, signal);
  }

  /** Changes how people write in a room; what is not named stays. */
  async set(room: RoomId, change: Partial<RoomSettings>, signal?: AbortSignal): Promise<void> {
    const { slowModeSeconds = null, frozen = null, announcements = null } = change;
    const key = this.#key(this.#store.headOf(room));
    const value = { key, room, slowModeSeconds, frozen, announcements };
    await this.#request({ type: "set_room_settings", value }, signal);
  }

  /** Changes what a room is called, what it is for, and what later members see. */
  async describe(room: RoomId, change: RoomDescription, signal?: AbortSignal): Promise<void> {
    const { name = null, description = null, history = null } = change;
    const key = this.#key(this.#store.headOf(room));
    const value = { key, room, name, description, history };
    await this.#request({ type: "set_room_info", value }, signal);
  }

  /** Leaves a room. */
  async leave(room: RoomId, signal?: AbortSignal): Promise<void> {
    await this.#request(
      { type: "leave", value: { key: this.#key(this.#store.headOf(room)), room } },
      signal,
    );
  }

  /** Stops notifications of a room on all devices of the person until a time, or no longer. */
  async mute(room: RoomId, until: number | null, signal?: AbortSignal): Promise<void> {
    await this.#request({ type: "mute", value: { room, until } }, signal);
  }

  /** Pins, archives or hides a room in the list of the person, on all their devices, or lists it again. */
  async place(room: RoomId, placement: Placement, signal?: AbortSignal): Promise<void> {
    await this.#request({ type: "set_placement", value: { room, placement } }, signal);
  }

  #key(head: number): ClientKey {
    return { id: randomClientId(), time: this.#clock.now(), head };
  }

  async #roomFrom(command: Command, signal?: AbortSignal): Promise<RoomSummary> {
    const reply = await this.#request(command, signal);
    if (reply.type !== "room") throw new Error(`${command.type} was answered by ${reply.type}`);
    this.#store.put(reply.value);
    return reply.value;
  }
}
