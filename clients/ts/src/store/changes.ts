/** What an entry does to the message that it is about, exactly as on the server. Pure. */

import {
  type Body,
  type Entry,
  type EntryKind,
  type Extra,
  type Forwarded,
  type InThread,
  type Mentions,
  type Message,
  type MessagePreview,
  PREVIEW_BYTES,
  type Replies,
  type Tally,
  THREAD_FACES,
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

/** The thread in which a message is to be a reply: the position of its root, and whether it is shown in the room, too. */
export type ReplyIn = Pick<InThread, "root" | "inRoom">;

/** What makes a message a reply in a thread. */
export function extrasOfReply(thread: ReplyIn | null): Extra[] {
  return thread ? [{ type: "thread", value: { number: 0, ...thread } }] : [];
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

/** When a message with these extras was sent, if that was before it came to this server; else null. */
export function importedAt(extras: readonly Extra[]): number | null {
  const found = extras.find((extra) => extra.type === "imported");
  return found?.type === "imported" ? found.value.time : null;
}

/** The thread in which a message with these extras is a reply; the same object for the same extras. */
export function threadOf(extras: readonly Extra[]): InThread | null {
  const found = extras.find((extra) => extra.type === "thread");
  return found?.type === "thread" ? found.value : null;
}

/** The replies in the thread of a message with these extras; the same object for the same extras. */
export function repliesOf(extras: readonly Extra[]): Replies | null {
  const found = extras.find((extra) => extra.type === "replies");
  return found?.type === "replies" ? found.value : null;
}

/** What says where a message stands among others: it outlives the words. */
function placeOf(extras: readonly Extra[]): readonly Extra[] {
  return extras.filter((extra) => extra.type === "thread" || extra.type === "replies");
}

/** What people have chosen in the poll with these extras; null before the first vote. The same object for the same extras. */
export function tallyOf(extras: readonly Extra[]): Tally | null {
  const found = extras.find((extra) => extra.type === "tally");
  return found?.type === "tally" ? found.value : null;
}

/** Until when the location of a message with these extras moves with its sender, unless they end it; null for others. */
export function liveUntil(extras: readonly Extra[]): number | null {
  const live = extras.find((extra) => extra.type === "live_location");
  return live?.type === "live_location" ? live.value.until : null;
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

/** The position of the root whose thread an entry makes longer or shorter; null for what does neither. */
export function changedThread(kind: EntryKind): number | null {
  if (kind.type === "deleted") return kind.value.thread;
  return kind.type === "message" ? (threadOf(kind.value.extras)?.root ?? null) : null;
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
  const extras = placeOf(message.extras);
  return { ...message, body: { type: "hidden" }, edited: null, reactions: [], extras };
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
    const extras = placeOf(message.extras);
    return { ...message, body, edited: null, reactions: [], extras, changed: position };
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

/** A root after an entry by which its thread is longer or shorter; one that it has taken already changes nothing. */
export function changeRoot(root: Message, { position, time, kind }: Entry): Message {
  if (position <= root.changed) return root;
  const before = repliesOf(root.extras);
  let replies: Replies;
  if (kind.type === "message") {
    const { sender, extras } = kind.value;
    const others = (before?.people ?? []).filter((user) => user !== sender);
    const people = (sender === null ? others : [sender, ...others]).slice(0, THREAD_FACES);
    const last = threadOf(extras)?.number ?? 0;
    replies = { count: (before?.count ?? 0) + 1, last, position, time, people };
  } else {
    const count = Math.max(0, (before?.count ?? 0) - 1);
    const none = { last: 0, position: 0, time: 0, people: [] };
    replies = { ...none, ...before, count, people: count === 0 ? [] : (before?.people ?? []) };
  }
  const others = root.extras.filter((extra) => extra.type !== "replies");
  return { ...root, extras: [...others, { type: "replies", value: replies }], changed: position };
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
  const put = (position: number | null, change: (message: Message) => Message) => {
    if (position === null) return;
    const entry = (after ?? entries)[position - first];
    if (entry?.kind.type !== "message") return;
    const value = change(entry.kind.value);
    if (value === entry.kind.value) return;
    after ??= [...entries];
    after[position - first] = { ...entry, kind: { type: "message", value } };
  };
  for (const change of changes) {
    put(changedMessage(change.kind), (message) => changeMessage(message, change));
    put(changedThread(change.kind), (root) => changeRoot(root, change));
  }
  return after ?? entries;
}
