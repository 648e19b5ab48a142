/** What counts as read. */

import { type Entry, type UserId, userId } from "@caffis/chat";
import { expect, test } from "vitest";
import { numberToMark } from "../src/room/useReading.ts";

const ME = userId("giulia");
const MARCO = userId("marco");

function messages(...senders: UserId[]): Entry[] {
  return senders.map((sender, i) => {
    const body = { type: "text", value: { text: "" } } as const;
    const value = {
      number: i + 1,
      sender,
      key: null,
      body,
      changed: 0,
      edited: null,
      reactions: [],
      extras: [],
    };
    return { position: i + 1, time: 0, kind: { type: "message", value } };
  });
}

test("what was seen is marked, also a part of what is unread", () => {
  const entries = messages(MARCO, MARCO, MARCO);
  expect(numberToMark(entries, ME, 2, 0)).toBe(2);
  expect(numberToMark(entries, ME, 3, 2)).toBe(3);
  expect(numberToMark(entries, ME, 3, 3)).toBeNull();
});

test("a reply does not hide that what is before it was read", () => {
  expect(numberToMark(messages(MARCO, MARCO, ME), ME, 3, 1)).toBe(3);
  expect(numberToMark(messages(MARCO, ME, MARCO, ME), ME, 4, 2)).toBe(4);
});

test("one's own messages alone tell nobody anything", () => {
  expect(numberToMark(messages(MARCO, ME, ME), ME, 3, 1)).toBeNull();
  expect(numberToMark([], ME, 0, 0)).toBeNull();
});
