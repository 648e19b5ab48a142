/** Where the words are kept that a person has not sent. Pure. */

import type { RoomId, UserId } from "@caffis/chat";

/** Words, and when they were written. */
export interface Kept {
  readonly text: string;
  readonly time: number;
}

/** What one person wrote never shows for the next who signs in, nor in another thread of the room. */
export function draftKey(user: UserId, room: RoomId, thread: number | null = null): string {
  return `caffis.draft.${JSON.stringify(thread === null ? [user, room] : [user, room, thread])}`;
}

/** What is kept; an empty text if nothing is. */
export function keptDraft(storage: Pick<Storage, "getItem">, key: string): Kept {
  return { text: storage.getItem(key) ?? "", time: Number(storage.getItem(`${key}.time`) ?? 0) };
}

/** Keeps it; an empty text is not kept. */
export function keepDraft(
  storage: Pick<Storage, "setItem" | "removeItem">,
  key: string,
  { text, time }: Kept,
): void {
  if (text) {
    storage.setItem(key, text);
    storage.setItem(`${key}.time`, String(time));
  } else {
    storage.removeItem(key);
    storage.removeItem(`${key}.time`);
  }
}
