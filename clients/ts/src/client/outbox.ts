/**
 * What this person wrote and the server has not yet acknowledged. A message keeps its key on every
 * resend, so it arrives once however often the link breaks; a room's messages go one after the other,
 * so they arrive in the order in which they were written.
 */

import type {
  Appended,
  Body,
  ClientKey,
  Command,
  ErrorCode,
  Message,
  Reply,
  RoomId,
} from "../protocol.ts";
import { clientId, EncodeError, randomClientId, roomId } from "../protocol.ts";
import type { PendingMessage } from "../store/views.ts";
import { CommandError } from "./errors.ts";

/** The most messages that wait. */
export const OUTBOX_MESSAGES = 500;

/** Where an outbox is kept over a reload. */
export interface OutboxStorage {
  /** What was last saved, if anything. */
  load(): string | null;
  /** Replaces it. */
  save(text: string): void;
}

/** What an outbox needs. */
export interface OutboxOptions {
  readonly storage: OutboxStorage | null;
  /** The server's time. */
  now(): number;
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

  constructor(options: OutboxOptions) {
    this.#options = options;
    for (const message of restore(options.storage)) this.#put(message);
  }

  /** A room's waiting messages, in order. */
  of(room: RoomId): readonly PendingMessage[] {
    return this.#rooms.get(room) ?? [];
  }

  /** Begins to send what was kept over a reload. */
  resume(): void {
    for (const room of this.#rooms.keys()) {
      this.#options.changed(room, this.of(room));
      void this.#pump(room);
    }
  }

  /** Takes a message and sends it as soon as possible. */
  add(room: RoomId, body: Body): PendingMessage {
    let size = 0;
    for (const messages of this.#rooms.values()) size += messages.length;
    if (size >= OUTBOX_MESSAGES) throw new RangeError(`${OUTBOX_MESSAGES} messages wait already`);
    const key: ClientKey = { id: randomClientId(), time: this.#options.now() };
    const message: PendingMessage = { key, room, body, state: "queued", error: null };
    this.#put(message);
    void this.#pump(room);
    return message;
  }

  /** Tries a failed message again; with a new key where the server no longer knows the old one. */
  retry(room: RoomId, key: ClientKey): void {
    const message = this.#find(room, key);
    if (message?.state !== "failed") return;
    const stale = message.error === "expired" || message.error === "client_id_reused";
    const renewed = stale ? { id: randomClientId(), time: this.#options.now() } : key;
    const queued: PendingMessage = { ...message, key: renewed, state: "queued", error: null };
    this.#set(room, [...this.of(room).filter((each) => each !== message), queued]);
    void this.#pump(room);
  }

  /** Forgets a failed message. */
  discard(room: RoomId, key: ClientKey): void {
    this.#set(
      room,
      this.of(room).filter((each) => each.key.id !== key.id || each.state !== "failed"),
    );
  }

  /** A message of this person is in the log: it waits no more. */
  seen(room: RoomId, message: Message): void {
    const id = message.key?.id;
    if (id === undefined || !this.#rooms.has(room)) return;
    const waiting = this.of(room).filter((each) => each.key.id !== id);
    if (waiting.length < this.of(room).length) this.#set(room, waiting);
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

  /** Sends one message; false when the client ended meanwhile. */
  async #send(message: PendingMessage): Promise<boolean> {
    const { key, room, body } = message;
    this.#mark(message, "sending", null);
    try {
      const reply = await this.#options.request({ type: "send", value: { key, room, body } });
      if (reply.type !== "appended") throw new Error(`send was answered by ${reply.type}`);
      this.#mark(message, "sent", null);
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
      return true;
    }
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

  #put(message: PendingMessage): void {
    this.#set(message.room, [...this.of(message.room), message]);
  }

  #set(room: RoomId, messages: readonly PendingMessage[]): void {
    if (messages.length > 0) this.#rooms.set(room, messages);
    else this.#rooms.delete(room);
    this.#options.changed(room, messages);
    this.#save();
  }

  #save(): void {
    const saved = [...this.#rooms.values()]
      .flat()
      .filter((message) => message.state !== "sent" && message.body.type === "text");
    try {
      this.#options.storage?.save(JSON.stringify(saved));
    } catch {
      // A full or forbidden storage costs only what a reload would have kept.
    }
  }
}

/** Why a message cannot be sent; null when the client ended, which says nothing about the message. */
function errorCode(error: unknown): ErrorCode | null {
  if (error instanceof CommandError) return error.code;
  return error instanceof EncodeError ? "too_large" : null;
}

function restore(storage: OutboxStorage | null): PendingMessage[] {
  try {
    const saved: unknown = JSON.parse(storage?.load() ?? "[]");
    if (!Array.isArray(saved)) return [];
    return saved.slice(0, OUTBOX_MESSAGES).map((message: PendingMessage) => ({
      key: { id: clientId(message.key.id), time: message.key.time },
      room: roomId(message.room),
      body: message.body,
      state: message.state === "failed" ? "failed" : "queued",
      error: message.error,
    }));
  } catch {
    return [];
  }
}
