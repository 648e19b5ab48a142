/** The client: one person's rooms, kept up to date over reconnects. */

import { ServerClock } from "../clock.ts";
import { EndedError } from "../errors.ts";
import { discover, routes } from "../link/discover.ts";
import { Outbox } from "../outbox/outbox.ts";
import {
  type ClientKey,
  type Command,
  type Context,
  type Extra,
  type Hello,
  type InThread,
  type Limits,
  type Mentions,
  type Message,
  type Placement,
  PROTOCOL_VERSION,
  type Reply,
  type Role,
  type RoomClass,
  type RoomId,
  type RoomSettings,
  type RoomSummary,
  type SearchPage,
  type Topic,
  type UserId,
} from "../protocol.ts";
import { mentionsNobody, NOBODY, threadOf } from "../store/changes.ts";
import type { Readable } from "../store/readable.ts";
import { Cell } from "../store/readable.ts";
import { Store } from "../store/store.ts";
import type {
  ConnectionView,
  OwnView,
  PendingMessage,
  PeopleView,
  RoomListView,
  RoomView,
} from "../store/views.ts";
import { platformTimers, type Timers } from "../timers.ts";
import { Connector } from "./connector.ts";
import { Conversations } from "./conversations.ts";
import { Drafts } from "./drafts.ts";
import { EventHandler } from "./events.ts";
import { Feeds } from "./feeds.ts";
import { Invites } from "./invites.ts";
import { MarkedMessages } from "./marked.ts";
import { Messages } from "./messages.ts";
import type { ChatClientOptions } from "./options.ts";
import { PageLoader } from "./pages.ts";
import { Polls } from "./polls.ts";
import { OwnPresence } from "./presence.ts";
import { ProfileLoader } from "./profiles.ts";
import { QuoteLoader } from "./quotes.ts";
import { Receipts } from "./receipts.ts";
import { requestAgain } from "./request.ts";
import { ScheduledMessages } from "./scheduled.ts";
import { Searcher, type SearchOptions } from "./search.ts";
import type { Greeted } from "./session.ts";
import { Threads } from "./threads.ts";
import { TypingState } from "./typing.ts";
import { Unreadable } from "./unreadable.ts";

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
  /** Polls, and votes in them. */
  readonly polls: Polls;
  /** What this person has scheduled. */
  readonly scheduled: ScheduledMessages;
  /** Replies to messages, and the threads that this person follows. */
  readonly threads: Threads;
  /** Messages that this person has starred. */
  readonly stars: MarkedMessages;
  readonly #options: ChatClientOptions;
  readonly #timers: Timers;
  readonly #clock: ServerClock;
  readonly #end = new AbortController();
  readonly #store: Store;
  readonly #connector: Connector;
  readonly #outbox: Outbox;
  readonly #feeds: Feeds;
  readonly #receipts: Receipts;
  readonly #typing: TypingState;
  readonly #profiles: ProfileLoader;
  readonly #pages: PageLoader;
  readonly #quotes: QuoteLoader;
  readonly #searcher: Searcher;
  readonly #conversations: Conversations;
  readonly #own: OwnPresence;
  readonly #unreadable: Unreadable;
  readonly #events: EventHandler;
  readonly #limits = new Cell<Limits | null>(null);
  readonly #self = new Cell<UserId | null>(null);

  constructor(options: ChatClientOptions) {
    this.#options = options;
    this.#timers = options.timers ?? platformTimers;
    const localTime = options.localTime ?? Date.now;
    this.#clock = new ServerClock(localTime);
    const ended = () => this.dispose();
    if (options.signal?.aborted) ended();
    else options.signal?.addEventListener("abort", ended, { once: true, signal: this.#end.signal });
    this.#store = new Store({
      behind: (room) => void this.#feeds.resume(room),
      arrived: (room, message, entry) => this.#events.arrived(room, message, entry),
      marking: (room) => this.#receipts.marking(room),
    });
    const request = (command: Command) => this.request(command, this.#end.signal);
    this.#connector = new Connector({
      timers: this.#timers,
      localTime,
      backoff: options.backoff ?? {},
      signal: this.#end.signal,
      routes: (signal) => options.routes?.(signal) ?? this.#discover(signal),
      getToken: options.getToken,
      hello: (token) => this.#hello(token),
      welcomed: (greeted) => this.#welcomed(greeted),
    });
    const { signal } = this.#end;
    this.#feeds = new Feeds({ store: this.#store, timers: this.#timers, signal, request });
    this.#unreadable = new Unreadable({
      store: this.#store,
      timers: this.#timers,
      signal,
      request,
    });
    this.#receipts = new Receipts(request);
    this.#typing = new TypingState({
      timers: this.#timers,
      send: (value) => this.#connector.session?.signal(value),
      changed: (room, typing) => this.#store.change(room, (view) => ({ ...view, typing })),
    });
    this.#outbox = new Outbox({
      storage: options.outboxStorage ?? null,
      now: () => this.#clock.now(),
      head: (room) => this.#store.headOf(room),
      request,
      changed: (room, pending) => this.#store.pending(room, pending),
      acknowledged: (message, { position, number, time }) => {
        const { room, body, extras } = message;
        // The server gives a reply its number in the thread: its entry says it.
        if (threadOf(extras)) return;
        const { id, time: made } = message.key;
        const key = { id, time: made };
        const sender = this.#store.self ?? null;
        const own: Message = {
          ...{ number, sender, key, body, extras },
          ...{ changed: 0, edited: null, reactions: [] },
        };
        this.#store.entry(room, { position, time, kind: { type: "message", value: own } });
        // If entries before it are missing, it stays visible until they have arrived.
        const view = this.#store.get(room);
        if (!view?.held || view.last >= position) this.#outbox.seen(room, own);
      },
    });
    this.#profiles = new ProfileLoader(this.#store, request);
    const requestUntil = (command: Command, signal?: AbortSignal) => this.request(command, signal);
    this.#pages = new PageLoader(this.#store, this.#profiles, requestUntil);
    this.#quotes = new QuoteLoader(this.#store, this.#profiles, request);
    this.#searcher = new Searcher(this.#profiles, requestUntil);
    this.messages = new Messages(this.#store, this.#clock, requestUntil);
    const asking = (command: Command, signal = this.#end.signal) => this.request(command, signal);
    this.mentions = new MarkedMessages({ type: "mentioned" }, this.#profiles, asking);
    this.drafts = new Drafts(this.#clock, this.#timers, request);
    this.stars = new MarkedMessages({ type: "starred" }, this.#profiles, asking);
    this.scheduled = new ScheduledMessages(this.#store, this.#clock, asking);
    this.threads = new Threads(this.#profiles, asking);
    this.polls = new Polls(this.#store, this.#clock, this.#profiles, requestUntil);
    this.#conversations = new Conversations(this.#store, this.#clock, requestUntil);
    this.invites = new Invites(this.#store, this.#clock, this.#profiles, requestUntil);
    this.#own = new OwnPresence(this.#store, request);
    this.#events = new EventHandler({
      store: this.#store,
      feeds: this.#feeds,
      receipts: this.#receipts,
      profiles: this.#profiles,
      outbox: this.#outbox,
      typing: this.#typing,
      own: this.#own,
      marked: [this.mentions, this.stars],
      drafts: this.drafts,
      scheduled: this.scheduled,
      threads: this.threads,
      roundTrip: (milliseconds) => this.#connector.measured(milliseconds),
      draining: (reconnectAfterMs) => this.#connector.advise(reconnectAfterMs),
      tokenExpiring: () => void this.#refresh().catch(ignore),
    });
    void this.#connector.run();
  }

  /** The state of the connection. */
  get connection(): Readable<ConnectionView> {
    return this.#connector.view;
  }

  /** This person's rooms: what is pinned, then the most active. */
  get rooms(): Readable<RoomListView> {
    return this.#store.rooms.view;
  }

  /** Profiles and presence of people. */
  get people(): Readable<PeopleView> {
    return this.#store.people.view;
  }

  /** The server's limits, once welcomed. */
  get limits(): Readable<Limits | null> {
    return this.#limits;
  }

  /** This person, once welcomed. */
  get self(): Readable<UserId | null> {
    return this.#self;
  }

  /** How this person appears to others. */
  get own(): Readable<OwnView> {
    return this.#own.view;
  }

  /** One room; null while it is not known. */
  room(room: RoomId): Readable<RoomView | null> {
    return this.#store.room(room);
  }

  /** The server's time now, in milliseconds since 1970. */
  now(): number {
    return this.#clock.now();
  }

  /** Opens a room: its feed begins; in a public room this is walking in. */
  open(room: RoomId): Promise<void> {
    return this.#feeds.open(room);
  }

  /** Closes a room: its feed ends; in a public room this is walking out. */
  close(room: RoomId): Promise<void> {
    return this.#feeds.close(room);
  }

  /** Loads the entries before those that are here, as many as are kept. */
  loadOlder(room: RoomId): Promise<void> {
    return this.#pages.older(room);
  }

  /** Loads the entries after those that are here, where the copy ends before the end of the log. */
  loadNewer(room: RoomId): Promise<void> {
    return this.#pages.newer(room);
  }

  /** Loads the last entries instead of those that are here, where these end before the end of the log. */
  loadLatest(room: RoomId): Promise<void> {
    return this.#pages.latest(room);
  }

  /** Loads the next page of the room list. */
  async loadMoreRooms(): Promise<void> {
    await this.#pages.rooms();
    this.#unreadable.listed();
  }

  /** Asks now for rooms that the server could not read; the client also does so at intervals. */
  retryRooms(): Promise<void> {
    return this.#unreadable.retry();
  }

  /** Loads a room's members. */
  loadMembers(room: RoomId, signal?: AbortSignal): Promise<void> {
    return this.#pages.members(room, signal);
  }

  /** Finds messages, newest first: in a room, or in all rooms of this person. */
  search(options: SearchOptions, signal?: AbortSignal): Promise<SearchPage> {
    return this.#searcher.find(options, signal);
  }

  /** What a public room talks about: the words of its last hour, the heaviest first. */
  topics(room: RoomId, limit = 10, signal?: AbortSignal): Promise<readonly Topic[]> {
    return this.#searcher.topics(room, limit, signal);
  }

  /**
   * Loads the entries around a position instead of those that are here, unless it is among them or close
   * before them. False if there is nothing at that position that this person may see.
   */
  loadAround(room: RoomId, position: number): Promise<boolean> {
    return this.#pages.around(room, position);
  }

  /** Loads the messages that those here answer: see the quotes of the room. */
  loadQuotes(room: RoomId): Promise<void> {
    return this.#quotes.load(room);
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
    thread: Pick<InThread, "root" | "inRoom"> | null = null,
  ): PendingMessage {
    this.#typing.say(room, false);
    const extras: Extra[] = [];
    if (message !== null) extras.push({ type: "reply", value: { message } });
    if (thread) extras.push({ type: "thread", value: { number: 0, ...thread } });
    if (!mentionsNobody(mentions)) extras.push({ type: "mentions", value: mentions });
    return this.#outbox.add(room, { type: "text", value: { text } }, extras);
  }

  /** Tries a failed message again. */
  retry(room: RoomId, key: ClientKey): void {
    this.#outbox.retry(room, key);
  }

  /** Discards a failed message. */
  discard(room: RoomId, key: ClientKey): void {
    this.#outbox.discard(room, key);
  }

  /** Says that the person types, or has stopped. Call it on every key: it is sent at a limited rate. */
  typing(room: RoomId, active: boolean): void {
    this.#typing.say(room, active);
  }

  /**
   * Says that the person has seen the messages up to this number. Call it for the last message in
   * view, even if the person wrote something after it: writing alone does not tell others what was read.
   */
  markRead(room: RoomId, number: number): void {
    this.#store.read(room, number);
    // Visitors of a public room have no marker.
    if (this.#store.get(room)?.summary.role) this.#receipts.mark("mark_read", room, number);
  }

  /** The direct conversation with a person, made when there is none. */
  ensureDirect(user: UserId, signal?: AbortSignal): Promise<RoomSummary> {
    return this.#conversations.direct(user, signal);
  }

  /** A new group; the person who makes it owns it. */
  createGroup(
    name: string,
    members: readonly UserId[],
    signal?: AbortSignal,
  ): Promise<RoomSummary> {
    return this.#conversations.group(name, members, signal);
  }

  /** The room of a context, made when there is none. */
  ensureRoom(
    context: Context,
    roomClass: RoomClass,
    name: string | null,
    signal?: AbortSignal,
  ): Promise<RoomSummary> {
    return this.#conversations.ofContext(context, roomClass, name, signal);
  }

  /** Adds members to a group. */
  addMembers(room: RoomId, users: readonly UserId[], signal?: AbortSignal): Promise<void> {
    return this.#conversations.add(room, users, signal);
  }

  /** Removes a member from a group. */
  removeMember(room: RoomId, user: UserId, signal?: AbortSignal): Promise<void> {
    return this.#conversations.remove(room, user, signal);
  }

  /** Changes a member's role. */
  setRole(room: RoomId, user: UserId, role: Role, signal?: AbortSignal): Promise<void> {
    return this.#conversations.setRole(room, user, role, signal);
  }

  /** Makes another member the owner of a room in this person's place, who is an admin then. */
  handOver(room: RoomId, user: UserId, signal?: AbortSignal): Promise<void> {
    return this.#conversations.handOver(room, user, signal);
  }

  /** Changes how people write in a room: slow mode, frozen, announcements only. What is not named stays. */
  setRoom(room: RoomId, change: Partial<RoomSettings>, signal?: AbortSignal): Promise<void> {
    return this.#conversations.set(room, change, signal);
  }

  /** Leaves a room. */
  leave(room: RoomId, signal?: AbortSignal): Promise<void> {
    return this.#conversations.leave(room, signal);
  }

  /**
   * Stops notifications of a room on all devices of the person until a time of the server ({@link FOR_EVER} has no
   * end), or with null no longer.
   */
  mute(room: RoomId, until: number | null, signal?: AbortSignal): Promise<void> {
    return this.#conversations.mute(room, until, signal);
  }

  /**
   * Pins, archives or hides a room in the list of the person, on all their devices, or lists it again: see
   * {@link placementOf}.
   */
  place(room: RoomId, placement: Placement, signal?: AbortSignal): Promise<void> {
    return this.#conversations.place(room, placement, signal);
  }

  /** Says whether the person looks at the page, which sets the heartbeat rate and their presence. */
  setActive(active: boolean): void {
    if (active) this.#connector.wake();
    if (!this.#own.setActive(active) || !this.#connector.session) return;
    this.#connector.session.setActive(active);
    this.#own.tell().catch(ignore);
  }

  /** Sets the person away although they look at the page, until they change it back. */
  setAway(away: boolean): Promise<void> {
    return this.#own.setAway(away);
  }

  /** Sets the status text beside the name; an empty one removes it. */
  setStatus(status: string): Promise<void> {
    return this.#own.setStatus(status);
  }

  /** Turns private receipts on or off: whether others are not told what this person has read. */
  setPrivateReceipts(on: boolean): Promise<void> {
    return this.#own.setPrivateReceipts(on);
  }

  /** Tries to connect now instead of waiting: the network came back. */
  reconnectNow(): void {
    this.#connector.wake();
  }

  /**
   * Sends a command and gives its reply. A command whose link breaks is sent again on the next, and
   * one that the server puts off after its delay: every command is made so that this is safe.
   */
  request(command: Command, signal: AbortSignal = this.#end.signal): Promise<Reply> {
    return requestAgain(this.#connector, this.#timers, command, signal);
  }

  /** Ends the client: closes the link, stops every timer. */
  dispose(): void {
    if (this.#end.signal.aborted) return;
    this.#end.abort(new EndedError("the client ended"));
    this.#typing?.clear();
    this.#outbox?.close();
    this.drafts?.close();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  async #discover(signal: AbortSignal) {
    const { server, webSocket } = this.#options;
    const agent = globalThis.navigator?.userAgent ?? "";
    const last = this.#connector.view.getSnapshot().transport;
    return routes(server, await discover(server, signal), agent, webSocket, last);
  }

  #hello(token: string): Hello {
    return {
      version: PROTOCOL_VERSION,
      client: this.#options.application ?? "caffis-ts/0.1",
      device: this.#options.device,
      token,
      cursors: this.#feeds.cursors(),
      capabilities: 0,
    };
  }

  #welcomed({ session, welcome, sentAt, receivedAt }: Greeted): void {
    const { user } = welcome.profile;
    if (this.#store.self !== undefined && this.#store.self !== user) {
      throw new EndedError("the new token is of another person");
    }
    this.#clock.learn(welcome.serverTime, sentAt, receivedAt);
    this.#store.self = user;
    this.#self.set(user);
    this.#limits.set(welcome.limits);
    this.#typing.clear();
    this.#typing.refreshMs = welcome.limits.typingRefreshMs;
    this.#typing.expiryMs = welcome.limits.typingExpiryMs;
    this.#store.people.welcomed();
    this.#store.people.profiles([welcome.profile]);
    this.#profiles.clear();
    this.#receipts.clear();
    this.#feeds.welcomed(welcome.resumed);
    this.#store.welcome(welcome.rooms, welcome.moreRooms);
    this.#unreadable.listed();
    for (const { room, class: roomClass, number, unread } of welcome.rooms) {
      if (unread > 0 && roomClass !== "public") this.#receipts.mark("mark_delivered", room, number);
    }
    this.#profiles.of(welcome.rooms.map((summary) => summary.preview?.sender ?? null));
    session.start(this.#events, welcome, this.#own.active);
    this.#outbox.open(user);
    this.#own.welcomed(welcome.own);
    const own = [this.mentions, this.stars, this.drafts, this.scheduled, this.threads];
    for (const kept of own) kept.welcomed();
  }

  async #refresh(): Promise<void> {
    const token = await this.#options.getToken("expiring", this.#end.signal);
    if (token === null) return;
    this.#connector.replaceToken(token);
    await this.request({ type: "refresh", value: { token } }, this.#end.signal);
  }
}

function ignore(): void {}
