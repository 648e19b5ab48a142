/** A room's entries as the page shows them: days, notices, bubbles in groups. Pure. */

import {
  type Entry,
  type EntryKind,
  messageText,
  type PendingMessage,
  type UserId,
} from "@caffis/chat";

/** Messages of one person within this time are one group. */
const GROUP_MS = 5 * 60_000;

/** One message on the page. */
export interface Bubble {
  readonly type: "message";
  /** The same before and after the server acknowledged it, so that nothing jumps. */
  readonly key: string;
  readonly time: number;
  /** Null until the server gave it one. */
  readonly number: number | null;
  readonly sender: UserId | null;
  /** Null for a kind that this build does not know. */
  readonly text: string | null;
  readonly own: boolean;
  readonly pending: PendingMessage | null;
  /** Whether it begins and ends a group of the same sender. */
  readonly first: boolean;
  readonly last: boolean;
}

/** What the timeline consists of. */
export type Item =
  | { readonly type: "day"; readonly key: string; readonly time: number }
  | { readonly type: "unread"; readonly key: string }
  | { readonly type: "notice"; readonly key: string; readonly kind: EntryKind }
  | Bubble;

/** What a timeline is made of. */
export interface TimelineInput {
  readonly entries: readonly Entry[];
  readonly pending: readonly PendingMessage[];
  readonly self: UserId | null;
  /** The number of the last message that was read when the divider was set; null for no divider. */
  readonly dividerAfter: number | null;
}

/** The items of a room, in order. */
export function timeline({ entries, pending, self, dividerAfter }: TimelineInput): Item[] {
  const items: Item[] = [];
  let day = "";
  let divided = dividerAfter === null;
  const startDay = (time: number) => {
    const date = new Date(time).toDateString();
    if (date === day) return;
    day = date;
    items.push({ type: "day", key: `day ${date}`, time });
  };
  for (const entry of entries) {
    startDay(entry.time);
    const { kind } = entry;
    if (kind.type !== "message") {
      items.push({ type: "notice", key: `entry ${entry.position}`, kind });
      continue;
    }
    const { number, sender, key } = kind.value;
    const own = sender !== null && sender === self;
    if (!divided && !own && dividerAfter !== null && number > dividerAfter) {
      divided = true;
      items.push({ type: "unread", key: "unread" });
    }
    items.push({
      type: "message",
      key: own && key ? key.id : `entry ${entry.position}`,
      time: entry.time,
      number,
      sender,
      text: messageText(kind.value),
      own,
      pending: null,
      first: true,
      last: true,
    });
  }
  for (const message of pending) {
    startDay(message.key.time);
    const { body, key } = message;
    const text = body.type === "text" ? body.value.text : null;
    const common = { number: null, sender: self, own: true, first: true, last: true };
    items.push({ type: "message", key: key.id, time: key.time, text, pending: message, ...common });
  }
  return grouped(items);
}

function grouped(items: readonly Item[]): Item[] {
  return items.map((item, index) => {
    if (item.type !== "message") return item;
    const first = !together(items[index - 1], item);
    const last = !together(item, items[index + 1]);
    return { ...item, first, last };
  });
}

function together(before: Item | undefined, after: Item | undefined): boolean {
  if (before?.type !== "message" || after?.type !== "message") return false;
  return before.sender === after.sender && Math.abs(after.time - before.time) < GROUP_MS;
}
