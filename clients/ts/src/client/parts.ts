/** The parts of a client: what each of them needs of the others, and what they do when a session begins. */

import { ServerClock } from "../clock.ts";
import { EndedError } from "../errors.ts";
import { discover, routes } from "../link/discover.ts";
import { Outbox } from "../outbox/outbox.ts";
import {
  type Appended,
  type Command,
  type Hello,
  type Limits,
  type Message,
  PROTOCOL_VERSION,
  type Reply,
  type UserId,
} from "../protocol.ts";
import { threadOf } from "../store/changes.ts";
import { Cell } from "../store/readable.ts";
import { Store } from "../store/store.ts";
import type { PendingMessage } from "../store/views.ts";
import { platformTimers, type Timers } from "../timers.ts";
import { Connector } from "./connector.ts";
import { Conversations } from "./conversations.ts";
import { Drafts } from "./drafts.ts";
import { EventHandler } from "./events.ts";
import { Feeds } from "./feeds.ts";
import { Invites } from "./invites.ts";
import { LiveLocations } from "./locations.ts";
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
import { Searcher } from "./search.ts";
import type { Greeted } from "./session.ts";
import { Threads } from "./threads.ts";
import { TypingState } from "./typing.ts";
import { Unreadable } from "./unreadable.ts";

/** Makes the parts and keeps them together. Connects when it is made; {@link Parts.dispose} ends all of them. */
export class Parts {
  readonly timers: Timers;
  readonly clock: ServerClock;
  readonly store: Store;
  readonly connector: Connector;
  readonly outbox: Outbox;
  readonly feeds: Feeds;
  readonly receipts: Receipts;
  readonly typing: TypingState;
  readonly profiles: ProfileLoader;
  readonly pages: PageLoader;
  readonly quotes: QuoteLoader;
  readonly searcher: Searcher;
  readonly conversations: Conversations;
  readonly own: OwnPresence;
  readonly unreadable: Unreadable;
  readonly messages: Messages;
  readonly invites: Invites;
  readonly mentions: MarkedMessages;
  readonly stars: MarkedMessages;
  readonly drafts: Drafts;
  readonly locations: LiveLocations;
  readonly polls: Polls;
  readonly scheduled: ScheduledMessages;
  readonly threads: Threads;
  /** The server's limits, once welcomed. */
  readonly limits = new Cell<Limits | null>(null);
  /** This person, once welcomed. */
  readonly self = new Cell<UserId | null>(null);
  readonly #options: ChatClientOptions;
  readonly #end = new AbortController();
  readonly #events: EventHandler;

  constructor(options: ChatClientOptions) {
    this.#options = options;
    this.timers = options.timers ?? platformTimers;
    const localTime = options.localTime ?? Date.now;
    this.clock = new ServerClock(localTime);
    const ended = () => this.dispose();
    if (options.signal?.aborted) ended();
    else options.signal?.addEventListener("abort", ended, { once: true, signal: this.#end.signal });
    this.store = new Store({
      behind: (room) => void this.feeds.resume(room),
      arrived: (room, message, entry) => this.#events.arrived(room, message, entry),
      marking: (room) => this.receipts.marking(room),
    });
    const request = (command: Command) => this.request(command, this.#end.signal);
    this.connector = new Connector({
      timers: this.timers,
      localTime,
      backoff: options.backoff ?? {},
      signal: this.#end.signal,
      routes: (signal) => options.routes?.(signal) ?? this.#discover(signal),
      getToken: options.getToken,
      hello: (token) => this.#hello(token),
      welcomed: (greeted) => this.#welcomed(greeted),
    });
    const { signal } = this.#end;
    this.feeds = new Feeds({ store: this.store, timers: this.timers, signal, request });
    this.unreadable = new Unreadable({
      store: this.store,
      timers: this.timers,
      signal,
      request,
    });
    this.receipts = new Receipts(request);
    this.typing = new TypingState({
      timers: this.timers,
      send: (value) => this.connector.session?.signal(value),
      changed: (room, typing) => this.store.change(room, (view) => ({ ...view, typing })),
    });
    this.outbox = new Outbox({
      storage: options.outboxStorage ?? null,
      now: () => this.clock.now(),
      head: (room) => this.store.headOf(room),
      request,
      changed: (room, pending) => this.store.pending(room, pending),
      acknowledged: (message, receipt) => this.#acknowledged(message, receipt),
    });
    this.profiles = new ProfileLoader(this.store, request);
    const requestUntil = (command: Command, signal?: AbortSignal) => this.request(command, signal);
    this.pages = new PageLoader(this.store, this.profiles, requestUntil);
    this.quotes = new QuoteLoader(this.store, this.profiles, request);
    this.searcher = new Searcher(this.profiles, requestUntil);
    this.messages = new Messages(this.store, this.clock, requestUntil);
    const asking = (command: Command, signal = this.#end.signal) => this.request(command, signal);
    this.mentions = new MarkedMessages({ type: "mentioned" }, this.profiles, asking);
    this.drafts = new Drafts(this.clock, this.timers, request);
    this.stars = new MarkedMessages({ type: "starred" }, this.profiles, asking);
    this.scheduled = new ScheduledMessages(this.store, this.clock, asking);
    this.threads = new Threads(this.profiles, asking);
    this.locations = new LiveLocations({
      timers: this.timers,
      clock: this.clock,
      store: this.store,
      send: (value) => this.connector.session?.signal(value),
      request,
    });
    this.polls = new Polls(this.store, this.clock, this.profiles, requestUntil);
    this.conversations = new Conversations(this.store, this.clock, requestUntil);
    this.invites = new Invites(this.store, this.clock, this.profiles, requestUntil);
    this.own = new OwnPresence(this.store, request);
    this.#events = new EventHandler({
      store: this.store,
      feeds: this.feeds,
      receipts: this.receipts,
      profiles: this.profiles,
      outbox: this.outbox,
      typing: this.typing,
      own: this.own,
      marked: [this.mentions, this.stars],
      drafts: this.drafts,
      locations: this.locations,
      scheduled: this.scheduled,
      threads: this.threads,
      roundTrip: (milliseconds) => this.connector.measured(milliseconds),
      draining: (reconnectAfterMs) => this.connector.advise(reconnectAfterMs),
      tokenExpiring: () => void this.#refresh().catch(ignore),
    });
    void this.connector.run();
  }

  /** Sends a command and gives its reply; again, where that is safe and needed. */
  request(command: Command, signal: AbortSignal = this.#end.signal): Promise<Reply> {
    return requestAgain(this.connector, this.timers, command, signal);
  }

  /** Closes the link, stops every timer. */
  dispose(): void {
    if (this.#end.signal.aborted) return;
    this.#end.abort(new EndedError("the client ended"));
    this.typing?.clear();
    this.outbox?.close();
    this.drafts?.close();
    this.locations?.close();
  }

  /** The server has a message of the outbox. */
  #acknowledged(message: PendingMessage, { position, number, time }: Appended): void {
    const { room, body, extras } = message;
    // The server gives a reply its number in the thread: its entry says it.
    if (threadOf(extras)) return;
    const { id, time: made } = message.key;
    const key = { id, time: made };
    const sender = this.store.self ?? null;
    const own: Message = {
      ...{ number, sender, key, body, extras },
      ...{ changed: 0, edited: null, reactions: [] },
    };
    this.store.entry(room, { position, time, kind: { type: "message", value: own } });
    // If entries before it are missing, it stays visible until they have arrived.
    const view = this.store.get(room);
    if (!view?.held || view.last >= position) this.outbox.seen(room, own);
  }

  async #discover(signal: AbortSignal) {
    const { server, webSocket } = this.#options;
    const agent = globalThis.navigator?.userAgent ?? "";
    const last = this.connector.view.getSnapshot().transport;
    return routes(server, await discover(server, signal), agent, webSocket, last);
  }

  #hello(token: string): Hello {
    return {
      version: PROTOCOL_VERSION,
      client: this.#options.application ?? "caffis-ts/0.1",
      device: this.#options.device,
      token,
      cursors: this.feeds.cursors(),
      capabilities: 0,
    };
  }

  #welcomed({ session, welcome, sentAt, receivedAt }: Greeted): void {
    const { user } = welcome.profile;
    if (this.store.self !== undefined && this.store.self !== user) {
      throw new EndedError("the new token is of another person");
    }
    this.clock.learn(welcome.serverTime, sentAt, receivedAt);
    this.store.self = user;
    this.self.set(user);
    this.limits.set(welcome.limits);
    this.typing.clear();
    this.typing.refreshMs = welcome.limits.typingRefreshMs;
    this.typing.expiryMs = welcome.limits.typingExpiryMs;
    this.store.people.welcomed();
    this.store.people.profiles([welcome.profile]);
    this.profiles.clear();
    this.receipts.clear();
    this.feeds.welcomed(welcome.resumed);
    this.store.welcome(welcome.rooms, welcome.moreRooms);
    this.unreadable.listed();
    for (const { room, class: roomClass, number, unread } of welcome.rooms) {
      if (unread > 0 && roomClass !== "public") this.receipts.mark("mark_delivered", room, number);
    }
    this.profiles.of(welcome.rooms.map((summary) => summary.preview?.sender ?? null));
    session.start(this.#events, welcome, this.own.active);
    this.outbox.open(user);
    this.own.welcomed(welcome.own);
    const own = [this.mentions, this.stars, this.drafts, this.scheduled, this.threads];
    for (const kept of own) kept.welcomed();
  }

  async #refresh(): Promise<void> {
    const token = await this.#options.getToken("expiring", this.#end.signal);
    if (token === null) return;
    this.connector.replaceToken(token);
    await this.request({ type: "refresh", value: { token } }, this.#end.signal);
  }
}

function ignore(): void {}
