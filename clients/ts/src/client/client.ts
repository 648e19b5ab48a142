/** The client: one person's rooms, kept up to date over reconnects. */

import type {
  ClientKey,
  Command,
  Context,
  Extra,
  HistoryPolicy,
  Limits,
  Mentions,
  Placement,
  Reply,
  Role,
  RoomClass,
  RoomId,
  RoomSettings,
  RoomSummary,
  SearchPage,
  Topic,
  UserId,
} from "../protocol.ts";
import { extrasOfReply, mentionsNobody, NOBODY, type ReplyIn } from "../store/changes.ts";
import type { Readable } from "../store/readable.ts";
import type {
  ConnectionView,
  OwnView,
  PendingMessage,
  PeopleView,
  RoomListView,
  RoomView,
} from "../store/views.ts";
import { type RoomDescription, WHOLE_HISTORY } from "./conversations.ts";
import type { Drafts } from "./drafts.ts";
import type { Invites } from "./invites.ts";
import type { LiveLocations } from "./locations.ts";
import type { MarkedMessages } from "./marked.ts";
import type { Messages } from "./messages.ts";
import type { ChatClientOptions } from "./options.ts";
import { Parts } from "./parts.ts";
import type { Polls } from "./polls.ts";
import type { ScheduledMessages } from "./scheduled.ts";
import type { SearchOptions } from "./search.ts";
import type { Threads } from "./threads.ts";

/** A chat client. Connects when it is created; {@link ChatClient.dispose} ends it. */
export class ChatClient implements Disposable {
  /** Changes messages that were sent. */
  readonly messages: Messages;
  /** Links by which people join groups. */
  readonly invites: Invites;
  /** Messages that mention this person. */
  readonly mentions: MarkedMessages;
  /** What this person has written and not sent. */
  readonly drafts: Drafts;
  /** Live locations: where others are, and sharing this person's. */
  readonly locations: LiveLocations;
  /** Polls, and votes in them. */
  readonly polls: Polls;
  /** What this person has scheduled. */
  readonly scheduled: ScheduledMessages;
  /** Replies to messages, and the threads that this person follows. */
  readonly threads: Threads;
  /** Messages that this person has starred. */
  readonly stars: MarkedMessages;
  readonly #parts: Parts;

  constructor(options: ChatClientOptions) {
    const parts = new Parts(options);
    this.#parts = parts;
    this.messages = parts.messages;
    this.invites = parts.invites;
    this.mentions = parts.mentions;
    this.drafts = parts.drafts;
    this.locations = parts.locations;
    this.polls = parts.polls;
    this.scheduled = parts.scheduled;
    this.threads = parts.threads;
    this.stars = parts.stars;
  }

  /** The state of the connection. */
  get connection(): Readable<ConnectionView> {
    return this.#parts.connector.view;
  }

  /** This person's rooms: what is pinned, then the most active. */
  get rooms(): Readable<RoomListView> {
    return this.#parts.store.rooms.view;
  }

  /** Profiles and presence of people. */
  get people(): Readable<PeopleView> {
    return this.#parts.store.people.view;
  }

  /** The server's limits, once welcomed. */
  get limits(): Readable<Limits | null> {
    return this.#parts.limits;
  }

  /** This person, once welcomed. */
  get self(): Readable<UserId | null> {
    return this.#parts.self;
  }

  /** How this person appears to others. */
  get own(): Readable<OwnView> {
    return this.#parts.own.view;
  }

  /** One room; null while it is not known. */
  room(room: RoomId): Readable<RoomView | null> {
    return this.#parts.store.room(room);
  }

  /** The server's time now, in milliseconds since 1970. */
  now(): number {
    return this.#parts.clock.now();
  }

  /** Opens a room: its feed begins; in a public room this is walking in. */
  open(room: RoomId): Promise<void> {
    return this.#parts.feeds.open(room);
  }

  /** Closes a room: its feed ends; in a public room this is walking out. */
  close(room: RoomId): Promise<void> {
    return this.#parts.feeds.close(room);
  }

  /** Loads the entries before those that are here, as many as are kept. */
  loadOlder(room: RoomId): Promise<void> {
    return this.#parts.pages.older(room);
  }

  /** Loads the entries after those that are here, where the copy ends before the end of the log. */
  loadNewer(room: RoomId): Promise<void> {
    return this.#parts.pages.newer(room);
  }

  /** Loads the last entries instead of those that are here, where these end before the end of the log. */
  loadLatest(room: RoomId): Promise<void> {
    return this.#parts.pages.latest(room);
  }

  /** Loads the next page of the room list. */
  async loadMoreRooms(): Promise<void> {
    await this.#parts.pages.rooms();
    this.#parts.unreadable.listed();
  }

  /** Asks now for rooms that the server could not read; the client also does so at intervals. */
  retryRooms(): Promise<void> {
    return this.#parts.unreadable.retry();
  }

  /** Loads a room's members. */
  loadMembers(room: RoomId, signal?: AbortSignal): Promise<void> {
    return this.#parts.pages.members(room, signal);
  }

  /** Finds messages, newest first: in a room, or in all rooms of this person. */
  search(options: SearchOptions, signal?: AbortSignal): Promise<SearchPage> {
    return this.#parts.searcher.find(options, signal);
  }

  /** What a public room talks about: the words of its last hour, the heaviest first. */
  topics(room: RoomId, limit = 10, signal?: AbortSignal): Promise<readonly Topic[]> {
    return this.#parts.searcher.topics(room, limit, signal);
  }

  /**
   * Loads the entries around a position instead of those that are here, unless it is among them or close
   * before them. False if there is nothing at that position that this person may see.
   */
  loadAround(room: RoomId, position: number): Promise<boolean> {
    return this.#parts.pages.around(room, position);
  }

  /** Loads the messages that those here answer: see the quotes of the room. */
  loadQuotes(room: RoomId): Promise<void> {
    return this.#parts.quotes.load(room);
  }

  /**
   * Sends a text, which may answer the message at a position or be a reply in a thread, and mention people: it shows
   * at once, is sent as soon as possible, and arrives once.
   */
  send(
    room: RoomId,
    text: string,
    message: number | null = null,
    mentions: Mentions = NOBODY,
    thread: ReplyIn | null = null,
  ): PendingMessage {
    this.#parts.typing.say(room, false);
    const extras: Extra[] = [];
    if (message !== null) extras.push({ type: "reply", value: { message } });
    extras.push(...extrasOfReply(thread));
    if (!mentionsNobody(mentions)) extras.push({ type: "mentions", value: mentions });
    return this.#parts.outbox.add(room, { type: "text", value: { text } }, extras);
  }

  /** Tries a failed message again. */
  retry(room: RoomId, key: ClientKey): void {
    this.#parts.outbox.retry(room, key);
  }

  /** Discards a failed message. */
  discard(room: RoomId, key: ClientKey): void {
    this.#parts.outbox.discard(room, key);
  }

  /** Says that the person types, or has stopped. Call it on every key: it is sent at a limited rate. */
  typing(room: RoomId, active: boolean): void {
    this.#parts.typing.say(room, active);
  }

  /**
   * Says that the person has seen the messages up to this number. Call it for the last message in
   * view, even if the person wrote something after it: writing alone does not tell others what was read.
   */
  markRead(room: RoomId, number: number): void {
    this.#parts.store.read(room, number);
    // Visitors of a public room have no marker.
    if (this.#parts.store.get(room)?.summary.role)
      this.#parts.receipts.mark("mark_read", room, number);
  }

  /** The direct conversation with a person, made when there is none. */
  ensureDirect(user: UserId, signal?: AbortSignal): Promise<RoomSummary> {
    return this.#parts.conversations.direct(user, signal);
  }

  /** A new group; the person who makes it owns it. `history` is what those see of it who join later. */
  createGroup(
    name: string,
    members: readonly UserId[],
    history: HistoryPolicy = WHOLE_HISTORY,
    signal?: AbortSignal,
  ): Promise<RoomSummary> {
    return this.#parts.conversations.group(name, members, history, signal);
  }

  /** The room of a context, made when there is none. */
  ensureRoom(
    context: Context,
    roomClass: RoomClass,
    name: string | null,
    signal?: AbortSignal,
  ): Promise<RoomSummary> {
    return this.#parts.conversations.ofContext(context, roomClass, name, signal);
  }

  /** Adds members to a group. */
  addMembers(room: RoomId, users: readonly UserId[], signal?: AbortSignal): Promise<void> {
    return this.#parts.conversations.add(room, users, signal);
  }

  /** Removes a member from a group. */
  removeMember(room: RoomId, user: UserId, signal?: AbortSignal): Promise<void> {
    return this.#parts.conversations.remove(room, user, signal);
  }

  /** Changes a member's role. */
  setRole(room: RoomId, user: UserId, role: Role, signal?: AbortSignal): Promise<void> {
    return this.#parts.conversations.setRole(room, user, role, signal);
  }

  /** Makes another member the owner of a room in this person's place, who is an admin then. */
  handOver(room: RoomId, user: UserId, signal?: AbortSignal): Promise<void> {
    return this.#parts.conversations.handOver(room, user, signal);
  }

  /** Changes how people write in a room: slow mode, frozen, announcements only. What is not named stays. */
  setRoom(room: RoomId, change: Partial<RoomSettings>, signal?: AbortSignal): Promise<void> {
    return this.#parts.conversations.set(room, change, signal);
  }

  /** Changes what a room is called, what it is for, and what later members see. What is not named stays. */
  describeRoom(room: RoomId, change: RoomDescription, signal?: AbortSignal): Promise<void> {
    return this.#parts.conversations.describe(room, change, signal);
  }

  /** Leaves a room. */
  leave(room: RoomId, signal?: AbortSignal): Promise<void> {
    return this.#parts.conversations.leave(room, signal);
  }

  /**
   * Stops notifications of a room on all devices of the person until a time of the server ({@link FOR_EVER} has no
   * end), or with null no longer.
   */
  mute(room: RoomId, until: number | null, signal?: AbortSignal): Promise<void> {
    return this.#parts.conversations.mute(room, until, signal);
  }

  /**
   * Pins, archives or hides a room in the list of the person, on all their devices, or lists it again: see
   * {@link placementOf}.
   */
  place(room: RoomId, placement: Placement, signal?: AbortSignal): Promise<void> {
    return this.#parts.conversations.place(room, placement, signal);
  }

  /** Says whether the person looks at the page, which sets the heartbeat rate and their presence. */
  setActive(active: boolean): void {
    if (active) this.#parts.connector.wake();
    if (!this.#parts.own.setActive(active) || !this.#parts.connector.session) return;
    this.#parts.connector.session.setActive(active);
    this.#parts.own.tell().catch(ignore);
  }

  /** Sets the person away although they look at the page, until they change it back. */
  setAway(away: boolean): Promise<void> {
    return this.#parts.own.setAway(away);
  }

  /** Sets the status text beside the name; an empty one removes it. */
  setStatus(status: string): Promise<void> {
    return this.#parts.own.setStatus(status);
  }

  /** Turns private receipts on or off: whether others are not told what this person has read. */
  setPrivateReceipts(on: boolean): Promise<void> {
    return this.#parts.own.setPrivateReceipts(on);
  }

  /** Tries to connect now instead of waiting: the network came back. */
  reconnectNow(): void {
    this.#parts.connector.wake();
  }

  /**
   * Sends a command and gives its reply. A command whose link breaks is sent again on the next, and
   * one that the server puts off after its delay: every command is made so that this is safe.
   */
  request(command: Command, signal?: AbortSignal): Promise<Reply> {
    return this.#parts.request(command, signal);
  }

  /** Ends the client: closes the link, stops every timer. */
  dispose(): void {
    this.#parts.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

function ignore(): void {}
