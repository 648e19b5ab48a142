/** What of a room's log people see. Pure. */

import {
  type Entry,
  type EntryKind,
  type Extra,
  importedAt,
  isHidden,
  type Message,
  messageText,
  type PendingMessage,
  threadOf,
  type UserId,
} from "@caffis/chat";

/** A message. */
export interface MessageItem {
  readonly type: "message";
  /** The same before and after the server acknowledged it: a key for React. */
  readonly key: string;
  /** Its place in the room's log; null until the server gave it one. */
  readonly position: number | null;
  /** Its number among the room's messages; null until the server gave it one. */
  readonly number: number | null;
  /** When it was sent, in milliseconds since 1970. */
  readonly time: number;
  /** Who sent it; null for a service. */
  readonly sender: UserId | null;
  /** Whether the person sent it. */
  readonly own: boolean;
  /** Its words; null if it was deleted or is of a kind without words. */
  readonly text: string | null;
  /** All that the log says of it; null until it is there. */
  readonly message: Message | null;
  /** The message while the server has not acknowledged it; its state says how far it is. */
  readonly pending: PendingMessage | null;
}

/** Something else that happened in the room: somebody joined, or its name changed. */
export interface NoticeItem {
  readonly type: "notice";
  /** A key for React. */
  readonly key: string;
  /** Its place in the room's log. */
  readonly position: number;
  /** When it happened, in milliseconds since 1970. */
  readonly time: number;
  /** What happened. */
  readonly kind: Exclude<EntryKind, { type: "message" }>;
}

/** What a timeline consists of. */
export type TimelineItem = MessageItem | NoticeItem;

/** What a timeline is made of. */
export interface TimelineSource {
  /** Entries of the log, in order. */
  readonly entries: readonly Entry[];
  /** Messages that are not yet in the log. */
  readonly pending: readonly PendingMessage[];
  /** Who looks at it. */
  readonly self: UserId | null;
  /** Whether these are the messages of one thread: replies that are in their thread alone are shown then. */
  readonly inThread?: boolean;
}

/** Entries that change a message and are not shown themselves. */
const CHANGES: ReadonlySet<string> = new Set(["edited", "deleted", "reacted", "tallied"]);

/** What was made of entries and messages before: what has not changed stays the same object. */
const made = new WeakMap<Entry | PendingMessage, TimelineItem>();

/** Whether a message is a reply in a thread that is not shown among the room's other messages. */
export function isAside({ extras }: { readonly extras: readonly Extra[] }): boolean {
  return threadOf(extras)?.inRoom === false;
}

/** What people see of a room's log, in order, and after it what waits to be sent. */
export function timelineItems(source: TimelineSource): TimelineItem[] {
  const { entries, pending, self, inThread = false } = source;
  const items: TimelineItem[] = [];
  for (const entry of entries) if (isShown(entry, inThread)) items.push(itemOf(entry, self));
  for (const message of pending) {
    if (inThread || !isAside(message)) items.push(pendingItem(message, self));
  }
  return items;
}

function isShown({ kind }: Entry, inThread: boolean): boolean {
  if (kind.type === "message") return !isHidden(kind.value) && (inThread || !isAside(kind.value));
  if (kind.type === "pinned") return kind.value.pinned;
  return !CHANGES.has(kind.type);
}

function itemOf(entry: Entry, self: UserId | null): TimelineItem {
  const { position, time, kind } = entry;
  const before = made.get(entry);
  if (kind.type !== "message") {
    return (
      before ?? keep(entry, { type: "notice", key: `entry ${position}`, position, time, kind })
    );
  }
  const message = kind.value;
  const { number, sender, key, extras } = message;
  const own = sender !== null && sender === self;
  if (before?.type === "message" && before.own === own) return before;
  return keep(entry, {
    ...{ type: "message", key: own && key ? key.id : `entry ${position}` },
    ...{ position, number, time: importedAt(extras) ?? time, sender, own },
    ...{ text: messageText(message), message, pending: null },
  });
}

function pendingItem(pending: PendingMessage, self: UserId | null): TimelineItem {
  const before = made.get(pending);
  if (before?.type === "message" && before.sender === self) return before;
  const { key, body } = pending;
  const text = body.type === "text" ? body.value.text : null;
  return keep(pending, {
    ...{ type: "message", key: key.id, position: null, number: null, time: key.time },
    ...{ sender: self, own: true, text, message: null, pending },
  });
}

function keep(from: Entry | PendingMessage, item: TimelineItem): TimelineItem {
  made.set(from, item);
  return item;
}
