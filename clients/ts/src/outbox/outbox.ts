/**
 * What this person wrote and the server has not acknowledged yet. A message keeps its key on every
 * resend, so it arrives once however often the link breaks; a room's messages go one after the other,
 * so they arrive in the order in which they were written.
 */

import { CommandError } from "../errors.ts";
import type {
  Appended,
  Body,
  ClientId,
  ClientKey,
  Command,
  ErrorCode,
  Extra,
  Message,
  Reply,
  RoomId,
  UserId,
} from "../protocol.ts";
import { EncodeError, randomClientId } from "../protocol.ts";
import type { PendingMessage } from "../store/views.ts";
import type { KeptMessage, KeptMessages, OutboxStorage } from "./storage.ts";

/** The most messages that wait. */
export const OUTBOX_MESSAGES = 500;

/** What an outbox needs. */
export interface OutboxOptions {
  readonly storage: OutboxStorage | null;
  /** The server's time. */
  now(): number;
  /** A room's head as far as it is known; 0 when it is not. */
  head(room: RoomId): number;
  /** Sends a command, however often it takes. */
  request(command: Command): Promise<Reply>;
  /** A room's waiting messages changed. */
  changed(room: RoomId, pending: readonly PendingMessage[]): void;
  /** A message was acknowledged. */
  acknowledged(message: PendingMessage, appended: Appended): void;
}

/** The waiting messages of all rooms. */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #rooms = new Map<RoomId, readonly PendingMessage[]>();
  readonly #pumping = new Set<RoomId>();
  #kept: KeptMessages | undefined;
  #closed = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** A room's waiting messages, in order. */
  of(room: RoomId): readonly PendingMessage[] {
    return this.#rooms.get(room) ?? [];
  }

  /** The person is known now: opens their kept messages, once. */
  open(user: UserId): void {
    const { storage, changed } = this.#options;
    for (const room of this.#rooms.keys()) changed(room, this.of(room));
    if (!storage || this.#kept || this.#closed) return;
    this.#kept = storage.open(user, (messages) => this.#adopt(messages));
    for (const message of this.#all()) this.#keep(message);
  }

  /** Ends it: what waits is left to the next client of this person. */
  close(): void {
    this.#closed = true;
    this.#kept?.close();
  }

  /** Takes a message and sends it as soon as possible. */
  add(room: RoomId, body: Body, extras: readonly Extra[] = []): PendingMessage {
    if (this.#all().length >= OUTBOX_MESSAGES) {
      throw new RangeError(`${OUTBOX_MESSAGES} messages wait already`);
    }
    const key = this.#newKey(this.#options.head(room));
    const message: PendingMessage = {
      ...{ key, room, body, extras },
      state: "queued",
      error: null,
    };
    this.#put(message);
    this.#keep(message);
    void this.#pump(room);
    return message;
  }

  /** Tries a failed message again; with a new key where the server has refused the old one for good. */
  retry(room: RoomId, key: ClientKey): void {
    const message = this.#find(room, key);
    if (message?.state !== "failed") return;
    // Out of range is a key of a log that is no longer: what is known of the room may be, too.
    const restored = message.error === "out_of_range";
    const refused = !mayHaveHappened(message.error);
    const renewed = refused ? this.#newKey(restored ? 0 : this.#options.head(room)) : key;
    const queued: PendingMessage = { ...message, key: renewed, state: "queued", error: null };
    this.#set(room, [...this.of(room).filter((each) => each !== message), queued]);
    if (refused) this.#kept?.remove(key.id);
    this.#keep(queued);
    void this.#pump(room);
  }

  /** Forgets a failed message. */
  discard(room: RoomId, key: ClientKey): void {
    if (this.#find(room, key)?.state === "failed") this.#remove(room, key.id);
  }

  /** A message of this person is in the log: it no longer waits. */
  seen(room: RoomId, message: Message): void {
    if (message.key) this.#remove(room, message.key.id);
  }

  #adopt(messages: readonly KeptMessage[]): void {
    for (const { key, room, text, extras, error } of messages) {
      if (this.#closed || this.#find(room, key)) continue;
      const body: Body = { type: "text", value: { text } };
      this.#put({ key, room, body, extras, state: error === null ? "queued" : "failed", error });
      void this.#pump(room);
    }
  }

  async #pump(room: RoomId): Promise<void> {
    if (this.#pumping.has(room)) return;
    this.#pumping.add(room);
    try {
      for (;;) {
        const next = this.of(room).find((message) => message.state === "queued");
        if (!next) return;
        if (!(await this.#send(next))) return;
      }
    } finally {
      this.#pumping.delete(room);
    }
  }

  /** Sends one message; false if the client ended before the answer. */
  async #send(message: PendingMessage): Promise<boolean> {
    const { key, room, body, extras } = message;
    this.#mark(message, "sending", null);
    try {
      const value = { key, room, body, extras };
      const reply = await this.#options.request({ type: "send", value });
      if (reply.type !== "appended") throw new Error(`send was answered by ${reply.type}`);
      this.#mark(message, "sent", null);
      this.#kept?.remove(key.id);
      this.#options.acknowledged(message, reply.value);
      return true;
    } catch (error) {
      const code = errorCode(error);
      if (code === null) {
        // The client ended: what waits is kept for the next one.
        this.#mark(message, "queued", null);
        return false;
      }
      this.#mark(message, "failed", code);
      this.#keep({ ...message, error: code });
      return true;
    }
  }

  #newKey(head: number): ClientKey {
    return { id: randomClientId(), time: this.#options.now(), head };
  }

  #find(room: RoomId, key: ClientKey): PendingMessage | undefined {
    return this.of(room).find((message) => message.key.id === key.id);
  }

  #mark(message: PendingMessage, state: PendingMessage["state"], error: ErrorCode | null): void {
    const { room, key } = message;
    if (!this.#find(room, key)) return;
    const changed = (each: PendingMessage) =>
      each.key.id === key.id ? { ...each, state, error } : each;
    this.#set(room, this.of(room).map(changed));
  }

  #all(): readonly PendingMessage[] {
    return [...this.#rooms.values()].flat();
  }

  #put(message: PendingMessage): void {
    this.#set(message.room, [...this.of(message.room), message]);
  }

  #remove(room: RoomId, id: ClientId): void {
    const left = this.of(room).filter((each) => each.key.id !== id);
    if (left.length === this.of(room).length) return;
    this.#set(room, left);
    this.#kept?.remove(id);
  }

  #set(room: RoomId, messages: readonly PendingMessage[]): void {
    if (messages.length > 0) this.#rooms.set(room, messages);
    else this.#rooms.delete(room);
    this.#options.changed(room, messages);
  }

  #keep({ key, room, body, extras, error }: PendingMessage): void {
    if (body.type !== "text") return;
    this.#kept?.put({ key, room, text: body.value.text, extras, error });
  }
}

/** Whether a command that ended with this code may have been done: also with one that is not known here. */
function mayHaveHappened(code: ErrorCode | null): boolean {
  return (
    code === null || code === "unavailable" || code === "internal" || code.startsWith("unknown")
  );
}

/** Why a message cannot be sent; null when the client ended, which says nothing about the message. */
function errorCode(error: unknown): ErrorCode | null {
  if (error instanceof CommandError) return error.code;
  return error instanceof EncodeError ? "too_large" : null;
}
