/** Messages that this person has scheduled, on all of their devices. */

import type { ServerClock } from "../clock.ts";
import {
  type ClientId,
  type ClientKey,
  type Command,
  type Extra,
  type Mentions,
  type Reply,
  type RoomId,
  randomClientId,
  type ScheduledChange,
  type ScheduledMessage,
  type ScheduledPlace,
} from "../protocol.ts";
import { mentionsNobody, NOBODY } from "../store/changes.ts";
import { Cell, type Readable } from "../store/readable.ts";
import type { Store } from "../store/store.ts";

type Request = (command: Command, signal?: AbortSignal) => Promise<Reply>;

/** Scheduled messages by their ids. */
export type ScheduledView = ReadonlyMap<ClientId, ScheduledMessage>;

/** What a message that is sent later says. */
export interface Later {
  readonly text: string;
  /** When it is sent, in milliseconds since 1970 on the server's clock. */
  readonly due: number;
  /** The position of the message that it answers. */
  readonly message?: number | null;
  readonly mentions?: Mentions;
}

/** Those of a room, the next one first. Pure. */
export function scheduledIn(view: ScheduledView, room: RoomId | null): ScheduledMessage[] {
  const found = [...view.values()].filter((each) => room === null || each.room === room);
  return found.sort((one, other) => one.due - other.due || (one.id < other.id ? -1 : 1));
}

/** The scheduled messages of a client. */
export class ScheduledMessages {
  readonly #store: Store;
  readonly #clock: ServerClock;
  readonly #request: Request;
  readonly #view = new Cell<ScheduledView>(new Map());
  #wanted = false;
  /** What came while the server was asked. */
  #later: ScheduledChange[] | null = null;

  constructor(store: Store, clock: ServerClock, request: Request) {
    this.#store = store;
    this.#clock = clock;
    this.#request = request;
  }

  /** Those that wait and those that could not be sent, once they were asked for. */
  get all(): Readable<ScheduledView> {
    return this.#view;
  }

  /** Asks for them; from then on they are kept up to date, over reconnects too. */
  async load(): Promise<void> {
    this.#wanted = true;
    const later: ScheduledChange[] = [];
    this.#later = later;
    const found = new Map<ClientId, ScheduledMessage>();
    let after: ScheduledPlace | null = null;
    do {
      const reply: Reply = await this.#request({ type: "scheduled", value: { room: null, after } });
      if (reply.type !== "scheduled" || this.#later !== later) return;
      for (const message of reply.value.messages) found.set(message.id, message);
      after = reply.value.next;
    } while (after !== null);
    this.#later = null;
    this.#view.set(later.reduce<ScheduledView>(scheduledAfter, found));
  }

  /** A session began: what happened before it is not told. */
  welcomed(): void {
    if (this.#wanted) void this.load().catch(ignore);
  }

  /** A message is scheduled, was changed, could not be sent, or is no longer scheduled. */
  heard(change: ScheduledChange): void {
    if (!this.#wanted) return;
    this.#later?.push(change);
    this.#view.set(scheduledAfter(this.#view.getSnapshot(), change));
  }

  /** Has a text sent later. */
  async schedule(room: RoomId, later: Later, signal?: AbortSignal): Promise<ScheduledMessage> {
    const value = { key: this.#key(room), room, ...contentOf(later), due: later.due };
    return messageOf(await this.#request({ type: "schedule", value }, signal));
  }

  /** Changes what a message says and when it is sent. What it answers and whom it mentions stays. */
  async change(
    { room, id, extras }: ScheduledMessage,
    text: string,
    due: number,
    signal?: AbortSignal,
  ): Promise<ScheduledMessage> {
    const body = { type: "text", value: { text } } as const;
    const value = { key: this.#key(room), room, id, body, extras, due };
    return messageOf(await this.#request({ type: "change_scheduled", value }, signal));
  }

  /** Takes back that a message is sent later. */
  async cancel({ room, id }: ScheduledMessage, signal?: AbortSignal): Promise<void> {
    const value = { key: this.#key(room), room, id };
    await this.#request({ type: "cancel_scheduled", value }, signal);
  }

  /** Sends a message now. */
  async sendNow({ room, id }: ScheduledMessage, signal?: AbortSignal): Promise<void> {
    const value = { key: this.#key(room), room, id };
    await this.#request({ type: "send_scheduled", value }, signal);
  }

  #key(room: RoomId): ClientKey {
    return { id: randomClientId(), time: this.#clock.now(), head: this.#store.headOf(room) };
  }
}

function contentOf({ text, message = null, mentions = NOBODY }: Later) {
  const extras: Extra[] = [];
  if (message !== null) extras.push({ type: "reply", value: { message } });
  if (!mentionsNobody(mentions)) extras.push({ type: "mentions", value: mentions });
  return { body: { type: "text", value: { text } } as const, extras };
}

function messageOf(reply: Reply): ScheduledMessage {
  if (reply.type !== "scheduled_message") throw new Error(`answered by ${reply.type}`);
  return reply.value;
}

/** The messages after a change of one. Pure. */
export function scheduledAfter(view: ScheduledView, { id, message }: ScheduledChange) {
  const after = new Map(view);
  if (message) after.set(id, message);
  else after.delete(id);
  return after;
}

/** The next session asks again. */
function ignore(): void {}
