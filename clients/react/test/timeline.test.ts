import type { ClientId } from "@caffis/chat";
import { expect, test } from "vitest";
import { type TimelineItem, type TimelineSource, timelineItems } from "../src/index.ts";
import { inThread, message, notice, own, reply, waiting } from "./entries.ts";
import { ME, OTHER } from "./server.ts";

function items(source: Partial<TimelineSource>): TimelineItem[] {
  return timelineItems({ entries: [], pending: [], self: ME, ...source });
}

function keys(source: Partial<TimelineSource>): string[] {
  return items(source).map(({ key }) => key);
}

test("messages say whose they are, when they were sent and what they say", () => {
  const [theirs, mine] = items({ entries: [message(1), own(2)] });
  expect(theirs).toMatchObject({
    type: "message",
    position: 1,
    number: 1,
    time: 1_000,
    own: false,
  });
  expect(theirs).toMatchObject({ sender: OTHER, text: "text 1", pending: null });
  expect(mine).toMatchObject({ sender: ME, own: true });
});

test("a message that was imported has the time at which it was sent", () => {
  const [item] = items({
    entries: [message(1, { extras: [{ type: "imported", value: { time: 7 } }] })],
  });
  expect(item?.time).toBe(7);
});

test("what changes a message, or is hidden, is not shown, and other things that happened are", () => {
  const pin = { message: 1, number: 1, by: ME };
  const entries = [
    message(1),
    message(2, { body: { type: "hidden" } }),
    notice(3, {
      type: "reacted",
      value: { message: 1, number: 1, user: ME, emoji: "☕", added: true },
    }),
    notice(4, { type: "pinned", value: { ...pin, pinned: true } }),
    notice(5, { type: "pinned", value: { ...pin, pinned: false } }),
  ];
  expect(items({ entries }).map(({ type, position }) => [type, position])).toEqual([
    ["message", 1],
    ["notice", 4],
  ]);
});

test("replies are in their thread, and in the room if they were sent to it too", () => {
  const entries = [message(1), reply(2, 1), reply(3, 2, true)];
  const pending = [waiting("a", [inThread(3)]), waiting("b", [inThread(4, true)])];
  expect(keys({ entries, pending })).toEqual(["entry 1", "entry 3", "b"]);
  expect(keys({ entries, pending, inThread: true })).toEqual([
    ...["entry 1", "entry 2", "entry 3"],
    ...["a", "b"],
  ]);
});

test("a message has the same key before and after it is in the log", () => {
  const [before] = items({ pending: [waiting("a")] });
  expect(before).toMatchObject({ key: "a", own: true, sender: ME, text: "soon", position: null });
  expect(before).toMatchObject({ message: null, pending: { state: "queued" } });
  const key = { id: "a" as ClientId, time: 9_000 };
  const [after] = items({ entries: [message(1, { sender: ME, key })] });
  expect(after).toMatchObject({ key: "a", position: 1, pending: null });
});

test("what has not changed stays the same object", () => {
  const source = { entries: [message(1), own(2)], pending: [waiting("a")] };
  const before = items(source);
  expect(items({ ...source, entries: [...source.entries, message(3)] })).toEqual([
    ...before.slice(0, 2),
    expect.objectContaining({ position: 3 }),
    before[2],
  ]);
  items(source).forEach((item, at) => {
    expect(item).toBe(before[at]);
  });
  // Who looks at it decides whose they are.
  expect(items({ ...source, self: null }).map((item) => "own" in item && item.own)).toEqual([
    ...[false, false, true],
  ]);
});
