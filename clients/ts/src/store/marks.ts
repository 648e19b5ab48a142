/**
 * What is known of messages beside the log: those that others answer, those that are pinned, and those that this
 * person has hidden. Pure.
 */

import type { Entry, Flagged, MessagePreview, PinList } from "../generated/protocol.ts";
import { changedMessage, changePreview, withHidden } from "./changes.ts";
import type { RoomView } from "./views.ts";

type Quotes = ReadonlyMap<number, MessagePreview | null>;

/** Messages in short, by position, after entries; null for those that this person does not see. */
export function quotesAfter(quotes: Quotes, entries: readonly Entry[]): Quotes {
  if (quotes.size === 0) return quotes;
  let after: Map<number, MessagePreview | null> | null = null;
  for (const entry of entries) {
    const position = changedMessage(entry.kind);
    const quote = position === null ? null : (after ?? quotes).get(position);
    if (position === null || !quote) continue;
    after ??= new Map(quotes);
    after.set(position, changePreview(quote, entry));
  }
  return after ?? quotes;
}

/**
 * What is pinned in a room after further entries, oldest first. Entries up to its head are in it already; null
 * if some are missing, so that it has to be asked for again.
 */
export function pinsAfter(list: PinList, entries: readonly Entry[]): PinList | null {
  let { pins, head } = list;
  for (const { position, time, kind } of entries) {
    if (position <= head) continue;
    if (position > head + 1) return null;
    head = position;
    if (kind.type !== "pinned" && kind.type !== "deleted") continue;
    const { message } = kind.value;
    const others = pins.filter((pin) => pin.message !== message);
    if (kind.type === "pinned" && kind.value.pinned) {
      pins = [...others, { message, position, by: kind.value.by, time }];
    } else if (others.length < pins.length) pins = others;
  }
  return head === list.head ? list : { pins, head };
}

/** A room after entries, as far as they concern what is known beside the log. */
export function marksAfter(view: RoomView, entries: readonly Entry[]): RoomView {
  const quotes = quotesAfter(view.quotes, entries);
  const pins = view.pins && pinsAfter(view.pins, entries);
  return quotes === view.quotes && pins === view.pins ? view : { ...view, quotes, pins };
}

/** A room with messages in short that were asked for, before entries that may have come meanwhile. */
export function withQuotes(
  view: RoomView,
  asked: readonly number[],
  previews: readonly MessagePreview[],
  hidden: ReadonlySet<number>,
  later: readonly Entry[],
): RoomView {
  const quotes = new Map(view.quotes);
  for (const position of asked) quotes.set(position, null);
  for (const preview of previews) {
    if (!hidden.has(preview.position)) quotes.set(preview.position, preview);
  }
  return { ...view, quotes: quotesAfter(quotes, later) };
}

/** A room after this person has hidden a message. */
export function withoutMessage(view: RoomView, { position, number }: Flagged): RoomView {
  const { preview } = view.summary;
  const last = preview?.number === number ? { ...preview, text: "", deleted: true } : preview;
  const quotes = view.quotes.has(position) ? new Map(view.quotes).set(position, null) : view.quotes;
  const entries = withHidden(view.entries, [position]);
  const summary = last === preview ? view.summary : { ...view.summary, preview: last };
  return { ...view, entries, quotes, summary };
}
