/** What an outbox expects of the storage that keeps unsent messages. */

import type { ClientId, ClientKey, ErrorCode, Extra, RoomId, UserId } from "../protocol.ts";

/** A stored message. */
export interface KeptMessage {
  /** The idempotency key; the same on every resend, by whichever client. */
  readonly key: ClientKey;
  /** The room that it is for. */
  readonly room: RoomId;
  /** Its words. */
  readonly text: string;
  /** What belongs to it besides its words. */
  readonly extras: readonly Extra[];
  /** Why it was given up; null while it is still to be sent. */
  readonly error: ErrorCode | null;
}

/** The messages of one person as one client keeps them. */
export interface KeptMessages {
  /** Keeps a message, or replaces the one with its key. */
  put(message: KeptMessage): void;
  /** Forgets a message. */
  remove(id: ClientId): void;
  /** Closes it: another client of the person may take over the rest. */
  close(): void;
}

/**
 * Keeps unsent messages beyond the life of a client. All clients of a person share it, and each
 * message has exactly one of them as its sender: the one that wrote it or, once that has ended, one that
 * took it over. A failure to store a message must not stop it from being sent, so nothing here rejects.
 */
export interface OutboxStorage {
  /**
   * Opens what is kept for a person, never for anyone else. `adopt` gets the messages that the client
   * takes over from others that have ended: soon, and again whenever one ends.
   */
  open(user: UserId, adopt: (messages: readonly KeptMessage[]) => void): KeptMessages;
}
