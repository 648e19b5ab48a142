/** What an entry does to the message that it is about, exactly as on the server. Pure. */

import type { Entry, EntryKind, Message } from "../generated/protocol.ts";

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
    return { ...message, body, edited: null, reactions: [], changed: position };
  }
  if (kind.type === "reacted") {
    const { user, emoji, added } = kind.value;
    const others = message.reactions.filter((each) => each.user !== user || each.emoji !== emoji);
    const reactions = added ? [...others, { user, emoji }] : others;
    return { ...message, reactions, changed: position };
  }
  return message;
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
