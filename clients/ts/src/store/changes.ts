/** What an entry does to the message that it is about, exactly as on the server. Pure. */

import {
  type Body,
  type Entry,
  type EntryKind,
  type Extra,
  type Message,
  type MessagePreview,
  PREVIEW_BYTES,
} from "../generated/protocol.ts";

/** Characters of a preview: four bytes each always fit. */
const PREVIEW_CHARACTERS = PREVIEW_BYTES / 4;

/** The words of a message, as far as this build knows its kind. */
export function messageText({ body }: Pick<Message, "body">): string | null {
  if (body.type === "text") return body.value.text;
  if (body.type === "system" && body.value.type === "notice") return body.value.value.text;
  return null;
}

/** The first words of a message. */
export function shortened(body: Body): string {
  return [...(messageText({ body }) ?? "").trim()].slice(0, PREVIEW_CHARACTERS).join("");
}

/** The position of the message that one with these extras answers; null for none. */
export function repliedTo(extras: readonly Extra[]): number | null {
  const reply = extras.find((extra) => extra.type === "reply");
  return reply?.type === "reply" ? reply.value.message : null;
}

/** The position of the message that an entry changes; null for what changes none. */
export function changedMessage(kind: EntryKind): number | null {
  const { type } = kind;
  const changes = type === "edited" || type === "deleted" || type === "reacted";
  return changes ? kind.value.message : null;
}

/** Whether a message was deleted for everyone. */
export function isDeleted(message: Message): boolean {
  return message.body.type === "deleted";
}

/** A message after an entry that is about it; one that it has taken already changes nothing. */
export function changeMessage(message: Message, { position, time, kind }: Entry): Message {
  if (position <= message.changed) return message;
  if (kind.type === "edited") {
    const { revision, body } = kind.value;
    const edited = { revision, position, time };
    return { ...message, body: body ?? message.body, edited, changed: position };
  }
  if (kind.type === "deleted") {
    const body = { type: "deleted", value: { by: kind.value.by } } as const;
    return { ...message, body, edited: null, reactions: [], extras: [], changed: position };
  }
  if (kind.type === "reacted") {
    const { user, emoji, added } = kind.value;
    const others = message.reactions.filter((each) => each.user !== user || each.emoji !== emoji);
    const reactions = added ? [...others, { user, emoji }] : others;
    return { ...message, reactions, changed: position };
  }
  return message;
}

/** A message in short after an entry that is about it; one that it has taken already changes nothing. */
export function changePreview(preview: MessagePreview, { position, kind }: Entry): MessagePreview {
  if (position <= preview.changed) return preview;
  const after = { ...preview, changed: position };
  if (kind.type === "deleted") {
    return { ...after, preview: { ...preview.preview, text: "", deleted: true } };
  }
  if (kind.type === "edited" && kind.value.body) {
    return { ...after, preview: { ...preview.preview, text: shortened(kind.value.body) } };
  }
  return after;
}

/** Messages in short, by position, after entries; null for those that this person does not see. */
export function quotesAfter(
  quotes: ReadonlyMap<number, MessagePreview | null>,
  entries: readonly Entry[],
): ReadonlyMap<number, MessagePreview | null> {
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

/** A stretch of a log, without gaps, after entries that change messages in it. */
export function withChanges(
  entries: readonly Entry[],
  changes: readonly Entry[],
): readonly Entry[] {
  const first = entries[0]?.position;
  if (first === undefined) return entries;
  let after: Entry[] | null = null;
  for (const change of changes) {
    const position = changedMessage(change.kind);
    if (position === null) continue;
    const at = position - first;
    const entry = (after ?? entries)[at];
    if (entry?.kind.type !== "message") continue;
    const value = changeMessage(entry.kind.value, change);
    if (value === entry.kind.value) continue;
    after ??= [...entries];
    after[at] = { ...entry, kind: { type: "message", value } };
  }
  return after ?? entries;
}
