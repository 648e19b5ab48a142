/** A room's entries as the page shows them: days, notices, bubbles in groups. Pure. */

import {
  type Body,
  type Entry,
  type EntryKind,
  type Extra,
  type Forwarded,
  forwardedFrom,
  importedAt,
  isHidden,
  liveUntil,
  type Mentions,
  mentionsOf,
  messageText,
  type PendingMessage,
  type Reaction,
  type Replies,
  repliesOf,
  type Tally,
  tallyOf,
  threadOf,
  type UserId,
} from "@caffis/chat";
import { type Quote, type QuoteSource, quoteOf } from "./quotes.ts";

/** Entries that change a message and are not shown themselves. */
const CHANGES: ReadonlySet<string> = new Set(["edited", "deleted", "reacted", "tallied"]);

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

/** Whether a message is a reply in a thread that is not shown among the room's other messages. */
export function isAside({ extras }: { readonly extras: readonly Extra[] }): boolean {
  return threadOf(extras)?.inRoom === false;
}

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
  const startDay = (time: number, mayGoBack = false) => {
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
  for (const { position, time: came, kind } of entries) {
    // What they change is shown in the message itself.
    if (CHANGES.has(kind.type)) continue;
    if (kind.type === "message" && isHidden(kind.value)) continue;
    if (!inThread && kind.type === "message" && isAside(kind.value)) continue;
    if (kind.type === "pinned" && !kind.value.pinned) continue;
    const sent = kind.type === "message" ? importedAt(kind.value.extras) : null;
    const time = sent ?? came;
    startDay(time, sent !== null);
    if (kind.type !== "message") {
      push({ type: "notice", key: `entry ${position}`, kind });
      continue;
    }
    const { number, sender, key: client } = kind.value;
    const own = sender !== null && sender === self;
    const thread = threadOf(kind.value.extras);
    const counted = inThread ? (thread?.number ?? 0) : number;
    if (!divided && !own && dividerAfter !== null && counted > dividerAfter) {
      divided = true;
      push({ type: "unread", key: "unread" });
    }
    const key = own && client ? client.id : `entry ${position}`;
    const text = messageText(kind.value);
    const common = { type: "message", pending: null, first: true, last: true } as const;
    const { body, edited } = kind.value;
    const reactions = reactionGroups(kind.value.reactions);
    const deletedBy = body.type === "deleted" ? body.value.by : undefined;
    const quote = quoteOf(kind.value, source);
    const mentions = mentionsOf(kind.value.extras);
    const forwarded = forwardedFrom(kind.value.extras);
    const replies = inThread ? null : shownReplies(kind.value.extras);
    const place = { thread: inThread ? null : (thread?.root ?? null), replies };
    const card = cardOf(body);
    const tally = tallyOf(kind.value.extras);
    const until = liveUntil(kind.value.extras);
    // The edit of a live location is its end.
    const live = { liveUntil: until, liveEnded: until !== null && edited !== null };
    const said = { card, tally, forwarded, mentions, ...live };
    const change = {
      edited: edited !== null && until === null,
      deletedBy,
      reactions,
      quote,
      ...said,
    };
    pushBubble({ ...common, ...place, key, time, position, number, sender, text, own, ...change });
  }
  if (moreAfter) push({ type: "more", key: "more" });
  for (const message of pending) {
    if (!inThread && isAside(message)) continue;
    startDay(message.key.time);
    const { body, key } = message;
    const text = body.type === "text" ? body.value.text : null;
    const unknown = { position: null, number: null, edited: false, deletedBy: undefined };
    const common = {
      ...unknown,
      reactions: NO_REACTIONS,
      quote: quoteOf(message, source),
      forwarded: null,
      thread: inThread ? null : (threadOf(message.extras)?.root ?? null),
      replies: null,
      card: null,
      tally: null,
      liveUntil: null,
      liveEnded: false,
      mentions: mentionsOf(message.extras),
      sender: self,
      own: true,
      first: true,
      last: true,
    };
    pushBubble({ type: "message", key: key.id, time: key.time, text, pending: message, ...common });
  }
  return items;
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
