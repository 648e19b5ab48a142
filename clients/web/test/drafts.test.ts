/** Whose words are kept where. */

import { roomId, userId } from "@caffis/chat";
import { expect, test } from "vitest";
import { draftKey, keepDraft, keptDraft } from "../src/room/drafts.ts";

const ME = userId("giulia");
const ROOM = roomId("00000000000000a1");

/** What a tab keeps. */
function tab() {
  const kept = new Map<string, string>();
  return {
    kept,
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  };
}

test("drafts are kept apart by person, room and thread, whatever their names are", () => {
  const keys = [
    draftKey(ME, ROOM),
    draftKey(ME, ROOM, 7),
    draftKey(ME, ROOM, 8),
    draftKey(ME, roomId("00000000000000a2"), 7),
    ...["marco", 'a","b', "a"].map((user) => draftKey(userId(user), ROOM)),
  ];
  expect(new Set(keys).size).toBe(keys.length);
});

test("words are there again, and an empty text leaves nothing", () => {
  const storage = tab();
  const key = draftKey(ME, ROOM, 7);
  expect(keptDraft(storage, key)).toEqual({ text: "", time: 0 });
  keepDraft(storage, key, { text: "Io vengo", time: 5 });
  expect(keptDraft(storage, key)).toEqual({ text: "Io vengo", time: 5 });
  expect(keptDraft(storage, draftKey(ME, ROOM))).toEqual({ text: "", time: 0 });
  keepDraft(storage, key, { text: "", time: 6 });
  expect(storage.kept.size).toBe(0);
});
