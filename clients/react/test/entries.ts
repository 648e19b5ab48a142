/** Entries of a log, for tests. */

import type { Entry, EntryKind, Extra, Message, PendingMessage } from "@caffis/chat";
import { ME, OTHER, ROOM } from "./server.ts";

/** A message of somebody. */
export function message(position: number, change: Partial<Message> = {}): Entry {
  const value: Message = {
    number: position,
    sender: OTHER,
    key: null,
    body: { type: "text", value: { text: `text ${position}` } },
    ...{ changed: 0, edited: null, reactions: [], extras: [] },
    ...change,
  };
  return { position, time: position * 1_000, kind: { type: "message", value } };
}

/** A message of the person. */
export function own(position: number): Entry {
  return message(position, { sender: ME });
}

/** A reply in the thread of the first message. */
export function reply(position: number, number: number, inRoom = false): Entry {
  return message(position, { extras: [inThread(number, inRoom)] });
}

/** Says that a message is a reply in the thread of the first one. */
export function inThread(number: number, inRoom = false): Extra {
  return { type: "thread", value: { root: 1, number, inRoom } };
}

/** Something else than a message. */
export function notice(position: number, kind: EntryKind): Entry {
  return { position, time: position * 1_000, kind };
}

/** A message that waits to be sent. */
export function waiting(id: string, extras: readonly Extra[] = []): PendingMessage {
  const key = { id, time: 9_000, head: 0 } as PendingMessage["key"];
  const body = { type: "text", value: { text: "soon" } } as const;
  return { key, room: ROOM, body, extras, state: "queued", error: null };
}
