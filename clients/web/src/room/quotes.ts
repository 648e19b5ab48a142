/** What a message answers, as the page shows it above its words. Pure. */

import {
  type Entry,
  isDeleted,
  isHidden,
  type Message,
  type MessagePreview,
  messageText,
  repliedTo,
  shortened,
  type UserId,
} from "@caffis/chat";

/** A message that another one answers. */
export interface Quote {
  readonly position: number;
  /** `there`, not loaded yet, deleted, or nothing that this person may see. */
  readonly state: "there" | "loading" | "deleted" | "hidden";
  readonly sender: UserId | null;
  /** Its first words; null for a kind that this build does not know. */
  readonly text: string | null;
}

/** Where quotes are looked up. */
export interface QuoteSource {
  readonly entries: readonly Entry[];
  readonly quotes: ReadonlyMap<number, MessagePreview | null>;
}

/** What was made before: the same message gives the same quote, so that nothing is drawn again. */
const made = new WeakMap<object, Quote>();
const loading = new Map<number, Quote>();
const hidden = new Map<number, Quote>();

/** What a message answers; null for nothing. */
export function quoteOf(
  { extras }: Pick<Message, "extras">,
  { entries, quotes }: QuoteSource,
): Quote | null {
  const position = repliedTo(extras);
  if (position === null) return null;
  const first = entries[0]?.position ?? 0;
  const entry = entries[position - first];
  if (entry?.kind.type === "message") {
    const { value } = entry.kind;
    return remember(value, () => ({
      position,
      state: isHidden(value) ? "hidden" : isDeleted(value) ? "deleted" : "there",
      sender: value.sender,
      text: messageText(value) === null ? null : shortened(value.body),
    }));
  }
  const found = quotes.get(position);
  if (!found)
    return found === null
      ? nothing(hidden, position, "hidden")
      : nothing(loading, position, "loading");
  const { sender, text, deleted } = found.preview;
  return remember(found, () => ({
    position,
    state: deleted ? "deleted" : "there",
    sender,
    text: text || null,
  }));
}

function remember(source: object, make: () => Quote): Quote {
  const known = made.get(source);
  if (known) return known;
  const quote = make();
  made.set(source, quote);
  return quote;
}

function nothing(known: Map<number, Quote>, position: number, state: Quote["state"]): Quote {
  const quote = known.get(position) ?? { position, state, sender: null, text: null };
  known.set(position, quote);
  return quote;
}
