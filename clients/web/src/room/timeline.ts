/** A room's entries as the page shows them: days, notices, bubbles in groups. Pure. */

import {
  type Body,
  type Entry,
  type EntryKind,
  type Extra,
  type Forwarded,
  forwardedFrom,
  importedAt,
  liveUntil,
  type Mentions,
  mentionsOf,
  type PendingMessage,
  type Reaction,
  type Replies,
  repliesOf,
  type Tally,
  tallyOf,
  threadOf,
  type UserId,
} from "@caffis/chat";
import { type MessageItem, timelineItems } from "@caffis/chat-react";
import { type Quote, type QuoteSource, quoteOf } from "./quotes.ts";

/** Messages of one person within this time are one group. */
const GROUP_MS = 5 * 60_000;

/** The people who reacted with one emoji. */
export interface ReactionGroup {
  readonly emoji: string;
  readonly users: readonly UserId[];
}

const NO_QUOTES: QuoteSource["quotes"] = new Map();

const NO_REACTIONS: readonly ReactionGroup[] = [];

/** What was grouped before: the same reactions give the same groups, so that nothing is drawn again. */
const grouped = new WeakMap<readonly Reaction[], readonly ReactionGroup[]>();

/** Reactions by emoji, in the order in which each came first. */
export function reactionGroups(reactions: readonly Reaction[]): readonly ReactionGroup[] {
  if (reactions.length === 0) return NO_REACTIONS;
  const known = grouped.get(reactions);
  if (known) return known;
  const users = new Map<string, UserId[]>();
  for (const { emoji, user } of reactions) users.set(emoji, [...(users.get(emoji) ?? []), user]);
  const groups = [...users].map(([emoji, who]) => ({ emoji, users: who }));
  grouped.set(reactions, groups);
  return groups;
}

/** A kind of message that is shown as a card. */
export type Card = Extract<Body, { type: "poll" | "location" | "place" }>;

function cardOf(body: Body): Card | null {
  const { type } = body;
  return type === "poll" || type === "location" || type === "place" ? body : null;
}

/** One message on the page. */
export interface Bubble {
  readonly type: "message";
  /** The same before and after the server acknowledged it, so that nothing jumps. */
  readonly key: string;
  readonly time: number;
  /** Its place in the room's log; null until the server gave it one. */
  readonly position: number | null;
  /** Null until the server gave it one. */
  readonly number: number | null;
  readonly sender: UserId | null;
  /** Null for a kind that this build does not know. */
  readonly text: string | null;
  readonly own: boolean;
  readonly edited: boolean;
  readonly reactions: readonly ReactionGroup[];
  /** What it answers; null for nothing. */
  readonly quote: Quote | null;
  /** Where it comes from; null if it was not forwarded. */
  readonly forwarded: Forwarded | null;
  /** What it is beside words: a poll or a place; null for other kinds. */
  readonly card: Card | null;
  /** What people have chosen in it, if it is a poll. */
  readonly tally: Tally | null;
  /** When its live location ends by itself, by the server's clock; null if it is none. */
  readonly liveUntil: number | null;
  /** Whether its sender has ended the live location. */
  readonly liveEnded: boolean;
  /** Whom it mentions; null for nobody. */
  readonly mentions: Mentions | null;
  /** The root of the thread in which it is a reply; null for none. */
  readonly thread: number | null;
  /** The replies in its own thread; null for none. */
  readonly replies: Replies | null;
  /** Who deleted it, null for the service; undefined while it is not deleted. */
  readonly deletedBy: UserId | null | undefined;
  readonly pending: PendingMessage | null;
  /** Whether it begins and ends a group of the same sender. */
  readonly first: boolean;
  readonly last: boolean;
}

/** What the timeline consists of. */
export type Item =
  | { readonly type: "edge"; readonly key: string }
  | { readonly type: "more"; readonly key: string }
  | { readonly type: "day"; readonly key: string; readonly time: number }
  | { readonly type: "unread"; readonly key: string }
  | { readonly type: "notice"; readonly key: string; readonly kind: EntryKind }
  | Bubble;

/** The replies in a message's thread, if there are any. */
function shownReplies(extras: readonly Extra[]): Replies | null {
  const replies = repliesOf(extras);
  return replies && replies.count > 0 ? replies : null;
}

/** What a timeline is made of. */
export interface TimelineInput {
  readonly entries: readonly Entry[];
  readonly pending: readonly PendingMessage[];
  /** The messages that others answer and that are not among the entries. */
  readonly quotes?: QuoteSource["quotes"];
  readonly self: UserId | null;
  /** The number of the last message that was read when the divider was set; null for no divider. */
  readonly dividerAfter: number | null;
  /** Whether there are newer entries that are not here. */
  readonly moreAfter?: boolean;
  /** Whether these are the messages of a thread: the divider counts its replies then. */
  readonly inThread?: boolean;
}

/** A bubble while its group is not complete. */
type Draft = { -readonly [Field in keyof Bubble]: Bubble[Field] };

/** The items of a room, in order. Rebuilt with every new entry, so it has to be fast for thousands. */
export function timeline(input: TimelineInput): Item[] {
  const { entries, pending, self, dividerAfter, moreAfter = false, inThread = false } = input;
  const source = { entries, quotes: input.quotes ?? NO_QUOTES };
  const items: Item[] = [{ type: "edge", key: "edge" }];
  let dayEnds = Number.NEGATIVE_INFINITY;
  let dayStarts = Number.NEGATIVE_INFINITY;
  const days = new Set<number>();
  let divided = dividerAfter === null;
  let before: Draft | null = null;
  // Only what was imported goes back to an earlier day, so a day may come twice.
  const startDay = (time: number, mayGoBack: boolean) => {
    if (time < dayEnds && !(mayGoBack && time < dayStarts)) return;
    dayStarts = new Date(time).setHours(0, 0, 0, 0);
    dayEnds = new Date(time).setHours(24, 0, 0, 0);
    const again = days.has(dayEnds) ? ` after ${items.length}` : "";
    days.add(dayEnds);
    push({ type: "day", key: `day ${dayEnds}${again}`, time });
  };
  const push = (item: Exclude<Item, Bubble>) => {
    before = null;
    items.push(item);
  };
  const pushBubble = (bubble: Draft) => {
    if (before && together(before, bubble)) {
      before.last = false;
      bubble.first = false;
    }
    before = bubble;
    items.push(bubble);
  };
  // What is not here lies before what waits to be sent.
  let gap = moreAfter;
  const pushGap = () => {
    if (gap) push({ type: "more", key: "more" });
    gap = false;
  };
  for (const item of timelineItems({ entries, pending, self, inThread })) {
    const { time, key } = item;
    if (item.type === "notice") {
      startDay(time, false);
      push({ type: "notice", key, kind: item.kind });
      continue;
    }
    const { message, own } = item;
    if (message === null) pushGap();
    startDay(time, message !== null && importedAt(message.extras) !== null);
    if (!divided && !own && dividerAfter !== null && numberIn(item, inThread) > dividerAfter) {
      divided = true;
      push({ type: "unread", key: "unread" });
    }
    pushBubble(bubbleOf(item, source, inThread));
  }
  pushGap();
  return items;
}

/** The number by which the divider counts a message: in the room, or in its thread. */
function numberIn({ message }: MessageItem, inThread: boolean): number {
  if (!message) return 0;
  return inThread ? (threadOf(message.extras)?.number ?? 0) : message.number;
}

/** A message as a group of its own. */
function bubbleOf(item: MessageItem, source: QuoteSource, inThread: boolean): Draft {
  const { key, time, position, number, sender, text, own, message, pending } = item;
  const extras = message?.extras ?? pending?.extras ?? [];
  const body = message?.body;
  const edited = message !== null && message.edited !== null;
  const until = liveUntil(extras);
  return {
    ...{ type: "message", key, time, position, number, sender, text, own, pending },
    // The edit of a live location is its end.
    edited: edited && until === null,
    liveUntil: until,
    liveEnded: edited && until !== null,
    reactions: message ? reactionGroups(message.reactions) : NO_REACTIONS,
    quote: quoteOf({ extras }, source),
    forwarded: forwardedFrom(extras),
    card: body ? cardOf(body) : null,
    tally: tallyOf(extras),
    mentions: mentionsOf(extras),
    thread: inThread ? null : (threadOf(extras)?.root ?? null),
    replies: inThread ? null : shownReplies(extras),
    deletedBy: body?.type === "deleted" ? body.value.by : undefined,
    first: true,
    last: true,
  };
}

function together(before: Bubble, after: Bubble): boolean {
  return before.sender === after.sender && Math.abs(after.time - before.time) < GROUP_MS;
}

/** The day that the item at an index belongs to; null above the first. */
export function dayOf(items: readonly Item[], index: number): { time: number; at: number } | null {
  for (let at = Math.min(index, items.length - 1); at >= 0; at -= 1) {
    const item = items[at];
    if (item?.type === "day") return { time: item.time, at };
  }
  return null;
}

/** The message that a key leads to from the one at an index; null if there is none. */
export function messageAfterKey(items: readonly Item[], from: number, key: string): number | null {
  const isMessage = (at: number) => items[at]?.type === "message";
  const seek = (start: number, step: 1 | -1) => {
    for (let at = start; at >= 0 && at < items.length; at += step) if (isMessage(at)) return at;
    return null;
  };
  switch (key) {
    case "ArrowUp":
      return seek(from - 1, -1);
    case "ArrowDown":
      return seek(from + 1, 1);
    case "Home":
      return seek(0, 1);
    case "End":
      return seek(items.length - 1, -1);
    default:
      return null;
  }
}
