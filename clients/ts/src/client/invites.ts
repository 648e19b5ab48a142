/** Links by which people join groups. */

import type { ServerClock } from "../clock.ts";
import {
  type ClientKey,
  type Command,
  type Invite,
  type InvitedRoom,
  type InviteSecret,
  inviteSecret,
  type Reply,
  type RoomId,
  randomClientId,
  randomInviteSecret,
  roomId,
} from "../protocol.ts";
import type { Store } from "../store/store.ts";
import type { ProfileLoader } from "./profiles.ts";

/** A link: whoever has it may join the group. */
export interface InviteLink {
  readonly room: RoomId;
  readonly secret: InviteSecret;
}

/** What a new link is to be. */
export interface InviteOptions {
  /** After how many seconds it ends; 0 for never. A week unless given. */
  readonly lifetimeSeconds?: number;
  /** How many people may join by it; 0, and unless given, for any number. */
  readonly maxUses?: number;
  /** What those who invite call it. */
  readonly name?: string | null;
}

/** How long a link is good unless something else is said, in seconds. */
export const INVITE_WEEK = 604_800;

/** A link as text, for the part of an address behind the `#`, which is sent to no server. Pure. */
export function inviteText({ room, secret }: InviteLink): string {
  return `${room}.${secret}`;
}

/** The link that a text is; null if it is none. Pure. */
export function inviteOf(text: string): InviteLink | null {
  const [room = "", secret = "", ...more] = text.split(".");
  if (more.length > 0) return null;
  try {
    return { room: roomId(room), secret: inviteSecret(secret) };
  } catch {
    return null;
  }
}

type Request = (command: Command, signal?: AbortSignal) => Promise<Reply>;

/** Makes, lists and ends links, and joins by them. */
export class Invites {
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

  /** Makes a link. It is not shown again: the server has only a digest of its secret. */
  async create(
    room: RoomId,
    { lifetimeSeconds = INVITE_WEEK, maxUses = 0, name = null }: InviteOptions = {},
    signal?: AbortSignal,
  ): Promise<InviteLink> {
    const secret = randomInviteSecret();
    const value = { key: this.#key(room), room, secret, lifetimeSeconds, maxUses, name };
    await this.#request({ type: "create_invite", value }, signal);
    return { room, secret };
  }

  /** The links of a group, newest first. */
  async list(room: RoomId, signal?: AbortSignal): Promise<readonly Invite[]> {
    const reply = await this.#request({ type: "invites", value: { room } }, signal);
    if (reply.type !== "invites") throw new Error(`invites was answered by ${reply.type}`);
    this.#profiles.of(reply.value.invites.map(({ by }) => by));
    return reply.value.invites;
  }

  /** Ends a link, which is named by the position of the entry that made it. */
  async revoke(room: RoomId, invite: number, signal?: AbortSignal): Promise<void> {
    const value = { key: this.#key(room), room, invite };
    await this.#request({ type: "revoke_invite", value }, signal);
  }

  /** What a link leads to. */
  async preview(link: InviteLink, signal?: AbortSignal): Promise<InvitedRoom> {
    const { room, secret } = link;
    const reply = await this.#request({ type: "invite_preview", value: { room, secret } }, signal);
    if (reply.type !== "invited_room") throw new Error(`a preview was answered by ${reply.type}`);
    return reply.value;
  }

  /** Joins a group by a link; who is a member already stays one, and no use is counted. */
  async join(link: InviteLink, signal?: AbortSignal): Promise<void> {
    const { room, secret } = link;
    const value = { key: this.#key(room), room, secret };
    await this.#request({ type: "join_by_invite", value }, signal);
  }

  #key(room: RoomId): ClientKey {
    return { id: randomClientId(), time: this.#clock.now(), head: this.#store.headOf(room) };
  }
}
