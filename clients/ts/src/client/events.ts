/** Passes events and signals from the server on to the parts of the client. */

import type { Outbox } from "../outbox/outbox.ts";
import type { Entry, Message, RoomId, ServerEvent, ServerSignal } from "../protocol.ts";
import { forwardedFrom } from "../store/changes.ts";
import type { Store } from "../store/store.ts";
import type { Drafts } from "./drafts.ts";
import type { Feeds } from "./feeds.ts";
import type { LiveLocations } from "./locations.ts";
import type { MarkedMessages } from "./marked.ts";
import type { OwnPresence } from "./presence.ts";
import type { ProfileLoader } from "./profiles.ts";
import type { Receipts } from "./receipts.ts";
import type { ScheduledMessages } from "./scheduled.ts";
import type { SessionEvents } from "./session.ts";
import type { Threads } from "./threads.ts";
import type { TypingState } from "./typing.ts";

/** The parts of a client that hear of events. */
export interface EventHandlerOptions {
  readonly store: Store;
  readonly feeds: Feeds;
  readonly receipts: Receipts;
  readonly profiles: ProfileLoader;
  readonly outbox: Outbox;
  readonly typing: TypingState;
  readonly own: OwnPresence;
  readonly drafts: Drafts;
  readonly locations: LiveLocations;
  readonly scheduled: ScheduledMessages;
  readonly threads: Threads;
  readonly marked: readonly MarkedMessages[];
  /** A round trip was measured, in milliseconds. */
  roundTrip(milliseconds: number): void;
  /** The server is shutting down: reconnect after this delay. */
  draining(reconnectAfterMs: number): void;
  /** The token expires soon. */
  tokenExpiring(): void;
}

/** Handles events and signals. */
export class EventHandler implements SessionEvents {
  readonly #to: EventHandlerOptions;

  constructor(options: EventHandlerOptions) {
    this.#to = options;
  }

  roundTrip(milliseconds: number): void {
    this.#to.roundTrip(milliseconds);
  }

  event(event: ServerEvent): void {
    const { store, feeds, profiles, receipts } = this.#to;
    switch (event.type) {
      case "entry":
        store.entry(event.value.room, event.value.entry);
        if (event.value.entry.kind.type === "deleted") {
          this.#to.threads.entry(event.value.room, event.value.entry);
          this.#to.drafts.deleted(event.value.room, event.value.entry);
        }
        this.#to.locations.entry(event.value.room, event.value.entry);
        profiles.ofEntries([event.value.entry]);
        break;
      case "head":
        store.head(event.value);
        break;
      case "behind":
        store.head(event.value);
        void feeds.resume(event.value.room);
        break;
      case "room_added":
        store.put(event.value);
        profiles.of([event.value.preview?.sender ?? null]);
        break;
      case "room_removed":
        feeds.gone(event.value.room);
        store.remove(event.value.room);
        break;
      case "markers":
        store.markers(event.value.room, event.value.markers);
        break;
      case "own_read":
        receipts.heard(event.value);
        store.ownRead(event.value);
        break;
      case "presence":
        store.people.presence([event.value]);
        break;
      case "attendance":
        store.attendance(event.value);
        break;
      case "profile":
        store.people.profiles([event.value]);
        break;
      case "token_expiring":
        this.#to.tokenExpiring();
        break;
      case "draining":
        this.#to.draining(event.value.reconnectAfterMs);
        break;
      case "own_state":
        this.#to.own.heard(event.value);
        break;
      case "flagged":
        store.flagged(event.value);
        for (const marked of this.#to.marked) marked.heard(event.value);
        break;
      case "draft":
        this.#to.drafts.heard(event.value);
        break;
      case "thread_draft":
        this.#to.drafts.heardInThread(event.value);
        break;
      case "scheduled":
        this.#to.scheduled.heard(event.value);
        break;
      case "thread":
        this.#to.threads.heard(event.value);
        break;
      case "placed":
        store.placed(event.value);
        break;
      case "unknown":
        // From a newer server: the next resume brings its effects.
        break;
    }
  }

  signal(signal: ServerSignal): void {
    const { store, profiles, typing } = this.#to;
    if (signal.type === "presence") store.people.presence([signal.value]);
    if (signal.type === "location") this.#to.locations.heard(signal.value);
    if (signal.type === "typing" && signal.value.user !== store.self) {
      profiles.of([signal.value.user]);
      typing.heard(signal.value);
    }
  }

  /** A new message is in the log. */
  arrived(room: RoomId, message: Message, entry: Entry): void {
    const { store, receipts, profiles, outbox, typing } = this.#to;
    const { sender, number } = message;
    if (sender === store.self) outbox.seen(room, message);
    else if (store.get(room)?.summary.class !== "public") {
      receipts.mark("mark_delivered", room, number);
    }
    if (sender !== null) typing.stopped(room, sender);
    this.#to.threads.entry(room, entry);
    profiles.of([sender, forwardedFrom(message.extras)?.by ?? null]);
  }
}
