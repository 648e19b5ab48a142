/** What an entry does to the message that it is about, exactly as on the server. Pure. */

import {
  type Body,
  type Entry,
  type EntryKind,
  type Extra,
  type Forwarded,
  type Mentions,
  type Message,
  type MessagePreview,
  PREVIEW_BYTES,
  type Tally,
} from "../generated/protocol.ts";

/** Characters of a preview: four bytes each always fit. */
const PREVIEW_CHARACTERS = PREVIEW_BYTES / 4;

/** The words of a message, as far as this build knows its kind. */
export function messageText({ body }: Pick<Message, "body">): string | null {
  if (body.type === "text") return body.value.text;
  if (body.type === "system" && body.value.type === "notice") return body.value.value.text;
  if (body.type === "poll") return body.value.question;
  if (body.type === "location") {
    const { name, address, coordinates } = body.value;
    return joined([name, address, coordinates]);
  }
  if (body.type === "place") return joined([body.value.name, body.value.address]);
  return null;
}

function joined(parts: readonly (string | null)[]): string {
  return parts.filter((part) => part !== null).join(", ");
}

/** The signs of messages that are more than words. */
const SIGNS: Readonly<Record<string, string>> = { poll: "📊 ", location: "📍 ", place: "📍 " };

/** The first words of a message, after the sign of its kind. */
export function shortened(body: Body): string {
  const words = (SIGNS[body.type] ?? "") + (messageText({ body }) ?? "");
  return [...words.trim()].slice(0, PREVIEW_CHARACTERS).join("");
}

/** The position of the message that one with these extras answers; null for none. */
export function repliedTo(extras: readonly Extra[]): number | null {
  const reply = extras.find((extra) => extra.type === "reply");
  return reply?.type === "reply" ? reply.value.message : null;
}

/** Nobody at all. */
export const NOBODY: Mentions = { users: [], room: false };

/** Whether these are no mentions. */
export function mentionsNobody({ users, room }: Mentions): boolean {
  return users.length === 0 && !room;
}

/** Whom a message with these extras mentions; the same object for the same extras. */
export function mentionsOf(extras: readonly Extra[]): Mentions | null {
  const found = extras.find((extra) => extra.type === "mentions");
  return found?.type === "mentions" ? found.value : null;
}

/** Where a message with these extras comes from, if it was forwarded; the same object for the same extras. */
export function forwardedFrom(extras: readonly Extra[]): Forwarded | null {
  const found = extras.find((extra) => extra.type === "forwarded");
  return found?.type === "forwarded" ? found.value : null;
}

/** What people have chosen in the poll with these extras; null before the first vote. The same object for the same extras. */
export function tallyOf(extras: readonly Extra[]): Tally | null {
  const found = extras.find((extra) => extra.type === "tally");
  return found?.type === "tally" ? found.value : null;
}

/** Extras with other mentions. */
function withMentions(extras: readonly Extra[], mentions: Mentions): readonly Extra[] {
  const { users, room } = mentionsOf(extras) ?? NOBODY;
  const same = users.length === mentions.users.length && room === mentions.room;
  if (same && users.every((user, at) => user === mentions.users[at])) return extras;
  const others = extras.filter((extra) => extra.type !== "mentions");
  return mentionsNobody(mentions) ? others : [...others, { type: "mentions", value: mentions }];
}

/** The position of the message that an entry changes; null for what changes none. */
export function changedMessage(kind: EntryKind): number | null {
  const { type } = kind;
  const changes =
    type === "edited" || type === "deleted" || type === "reacted" || type === "tallied";
  return changes ? kind.value.message : null;
}

/** Whether a message was deleted for everyone. */
export function isDeleted(message: Message): boolean {
  return message.body.type === "deleted";
}

/** Whether this person has deleted a message for themselves. */
export function isHidden(message: Message): boolean {
  return message.body.type === "hidden";
}

/** A message without what a person does not see any more who has deleted it for themselves. */
export function hideMessage(message: Message): Message {
  if (isHidden(message)) return message;
  return { ...message, body: { type: "hidden" }, edited: null, reactions: [], extras: [] };
}

/** A stretch of a log, without gaps, in which the messages at some positions are hidden. */
export function withHidden(
  entries: readonly Entry[],
  positions: Iterable<number>,
): readonly Entry[] {
  const first = entries[0]?.position ?? 0;
  let after: Entry[] | null = null;
  for (const position of positions) {
    const entry = (after ?? entries)[position - first];
    if (entry?.kind.type !== "message" || isHidden(entry.kind.value)) continue;
    after ??= [...entries];
    after[position - first] = {
      ...entry,
      kind: { type: "message", value: hideMessage(entry.kind.value) },
    };
  }
  return after ?? entries;
}

/** A message after an entry that is about it; one that it has taken already changes nothing. */
export function changeMessage(message: Message, { position, time, kind }: Entry): Message {
  if (position <= message.changed) return message;
  // Whatever happens to it, it stays hidden.
  if (isHidden(message)) return { ...message, changed: position };
  if (kind.type === "edited") {
    const { revision, body, mentions } = kind.value;
    const edited = { revision, position, time };
    const extras = body ? withMentions(message.extras, mentions) : message.extras;
    return { ...message, body: body ?? message.body, extras, edited, changed: position };
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
  if (kind.type === "tallied" && kind.value.tally) {
    const others = message.extras.filter((extra) => extra.type !== "tally");
    const extras = [...others, { type: "tally", value: kind.value.tally } as const];
    return { ...message, extras, changed: position };
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
