import { type ClientId, type Entry, type PendingMessage, type RoomId, userId } from "@caffis/chat";
import { describe, expect, test } from "vitest";
import {
  dayOf,
  type Item,
  messageAfterKey,
  reactionGroups,
  timeline,
} from "../src/room/timeline.ts";
import { nextStep } from "../src/room/useSteps.ts";

const ME = userId("giulia");
const MARCO = userId("marco");
const NOON = new Date(2026, 10, 21, 12, 0).getTime();
const MINUTE = 60_000;

function message(number: number, sender = MARCO, time = NOON + number * 1_000, id = ""): Entry {
  const key = id ? { id: id as ClientId, time } : null;
  const body = { type: "text", value: { text: `text ${number}` } } as const;
  return {
    position: number,
    time,
    kind: {
      type: "message",
      value: { number, sender, key, body, changed: 0, edited: null, reactions: [], extras: [] },
    },
  };
}

function items(
  entries: readonly Entry[],
  more: { pending?: PendingMessage[]; dividerAfter?: number } = {},
) {
  const { pending = [], dividerAfter = null } = more;
  return timeline({ entries, pending, self: ME, dividerAfter });
}

function sketch(all: readonly Item[]): string[] {
  return all.slice(1).map((item) => {
    if (item.type !== "message") return item.type;
    return `${item.first ? "[" : ""}${item.number}${item.last ? "]" : ""}`;
  });
}

describe("reactions", () => {
  test("are grouped by emoji, and the same ones give the same groups", () => {
    const reactions = [
      { user: ME, emoji: "☕" },
      { user: MARCO, emoji: "👍" },
      { user: MARCO, emoji: "☕" },
    ];
    const groups = reactionGroups(reactions);
    expect(groups).toEqual([
      { emoji: "☕", users: [ME, MARCO] },
      { emoji: "👍", users: [MARCO] },
    ]);
    expect(reactionGroups(reactions)).toBe(groups);
    expect(reactionGroups([])).toBe(reactionGroups([]));
  });
});

describe("a timeline", () => {
  test("shows a change in the message itself and gives it no place of its own", () => {
    const kind = {
      type: "deleted",
      value: { message: 1, number: 1, replaces: 0, by: MARCO, thread: null },
    } as const;
    const gone = message(1);
    if (gone.kind.type !== "message") throw new Error("a message");
    const value = {
      ...gone.kind.value,
      body: { type: "deleted", value: { by: MARCO } } as const,
      changed: 3,
    };
    const entries: Entry[] = [
      { ...gone, kind: { type: "message", value } },
      message(2),
      { position: 3, time: NOON + 30 * 24 * 60 * MINUTE, kind },
      { ...message(4), time: NOON + 4_000 },
    ];
    const all = items(entries);
    expect(sketch(all)).toEqual(["day", "[1", "2", "4]"]);
    expect(all[2]).toMatchObject({ deletedBy: MARCO, text: null, position: 1 });
  });

  test("begins each day with a separator", () => {
    const entries = [message(1), message(2, MARCO, NOON + 24 * 60 * MINUTE)];
    expect(sketch(items(entries))).toEqual(["day", "[1]", "day", "[2]"]);
  });

  test("groups what one person writes within five minutes", () => {
    const entries = [
      message(1),
      message(2),
      message(3, ME),
      message(4),
      message(5, MARCO, NOON + 20 * MINUTE),
    ];
    expect(sketch(items(entries))).toEqual(["day", "[1", "2]", "[3]", "[4]", "[5]"]);
  });

  test("begins a day at midnight, and a group after a notice", () => {
    const midnight = new Date(2026, 10, 22).getTime();
    const kind = { type: "left", value: { user: ME, by: null } } as const;
    const entries = [
      message(1, MARCO, midnight - 1),
      message(2, MARCO, midnight),
      { position: 3, time: midnight, kind },
      message(4, MARCO, midnight),
    ];
    expect(sketch(items(entries))).toEqual(["day", "[1]", "day", "[2]", "notice", "[4]"]);
  });

  test("sets off what is unread, and never what this person wrote", () => {
    const entries = [message(1), message(2, ME), message(3)];
    expect(sketch(items(entries, { dividerAfter: 1 }))).toEqual([
      "day",
      "[1]",
      "[2]",
      "unread",
      "[3]",
    ]);
    expect(sketch(items(entries, { dividerAfter: 3 }))).not.toContain("unread");
  });

  test("keeps the place and key of a message that is acknowledged", () => {
    const key = { id: "a".repeat(32) as ClientId, time: NOON + 1_000, head: 0 };
    const body = { type: "text", value: { text: "text 1" } } as const;
    const waiting: PendingMessage = {
      key,
      room: "" as RoomId,
      body,
      extras: [],
      state: "sending",
      error: null,
    };
    const before = items([], { pending: [waiting] });
    const after = items([message(1, ME, key.time, key.id)]);
    expect(after.map((item) => item.key)).toEqual(before.map((item) => item.key));
    expect(sketch(items([message(1, ME)], { pending: [waiting] }))).toEqual(["day", "[1", "null]"]);
  });

  test("keeps a kind that it does not know", () => {
    const kind = { type: "unknown", tag: 99, bytes: new Uint8Array(0) } as const;
    expect(items([{ position: 1, time: NOON, kind }]).map((item) => item.type)).toEqual([
      "edge",
      "day",
      "notice",
    ]);
  });
});

test("what comes at both ends is shown in two steps", () => {
  const shown = items([message(11), message(12)]);
  const [first, last] = [shown.at(2)?.key, shown.at(-1)?.key];
  const ends = { first, last };
  const below = items([message(11), message(12), message(13)]);
  expect(nextStep(below, ends)).toBe(below);
  const above = items([message(10), message(11), message(12)]);
  expect(nextStep(above, ends)).toBe(above);
  const both = items([message(10), message(11), message(12), message(13)]);
  expect(sketch(nextStep(both, ends))).toEqual(["day", "[10", "11", "12"]);
  const elsewhere = items([message(30), message(31)]);
  expect(nextStep(elsewhere, ends)).toBe(elsewhere);
  expect(nextStep(both, { first: undefined, last: undefined })).toBe(both);
});

describe("in a timeline", () => {
  const DAY = 24 * 60 * MINUTE;
  const all = items([message(1), message(2), message(3, MARCO, NOON + DAY)], { dividerAfter: 2 });
  const [first, second, third] = [2, 3, 6];

  test("the arrow keys, Home and End lead from message to message", () => {
    expect(sketch(all)).toEqual(["day", "[1", "2]", "day", "unread", "[3]"]);
    expect(messageAfterKey(all, second, "ArrowDown")).toBe(third);
    expect(messageAfterKey(all, third, "ArrowUp")).toBe(second);
    expect(messageAfterKey(all, first, "ArrowUp")).toBeNull();
    expect(messageAfterKey(all, third, "ArrowDown")).toBeNull();
    expect(messageAfterKey(all, third, "Home")).toBe(first);
    expect(messageAfterKey(all, first, "End")).toBe(third);
    expect(messageAfterKey(all, first, "Enter")).toBeNull();
    expect(messageAfterKey(items([]), -1, "End")).toBeNull();
  });

  test("the day of what is in view is known", () => {
    expect(dayOf(all, 0)).toBeNull();
    expect(dayOf(all, second)).toMatchObject({ at: 1 });
    expect(dayOf(all, third)).toMatchObject({ at: 4, time: NOON + DAY });
    expect(dayOf(all, 99)).toMatchObject({ at: 4 });
  });

  test("each entry is looked at a few times, however many there are", () => {
    const looks = [100, 10_000].map((count) => {
      let looks = 0;
      const look = (entry: Entry) => {
        looks += 1;
        return entry.kind;
      };
      const counted = (entry: Entry) => ({
        ...entry,
        get kind() {
          return look(entry);
        },
      });
      items(Array.from({ length: count }, (_, i) => counted(message(i + 1))));
      return looks / count;
    });
    expect(looks[0]).toBeGreaterThan(0);
    expect(looks[1]).toBe(looks[0]);
  });
});

test("imported messages are shown when they were sent, each day above its own", () => {
  const DAY = 24 * 60 * MINUTE;
  const old = (number: number, sent: number): Entry => {
    const made = message(number);
    if (made.kind.type !== "message") throw new Error("no message");
    const extras = [{ type: "imported", value: { time: sent } } as const];
    return { ...made, kind: { ...made.kind, value: { ...made.kind.value, extras } } };
  };
  const shown = items([
    old(1, NOON - 9 * DAY),
    old(2, NOON - 8 * DAY),
    message(3),
    old(4, NOON - 8 * DAY),
    message(5),
    message(6),
  ]);
  expect(sketch(shown)).toEqual([
    ...["day", "[1]", "day", "[2]", "day", "[3]", "day", "[4]", "day", "[5", "6]"],
  ]);
  const times = shown.filter((item) => item.type === "message").map((item) => item.time);
  expect(times.slice(0, 2)).toEqual([NOON - 9 * DAY, NOON - 8 * DAY]);
  expect(new Set(shown.map((item) => item.key)).size).toBe(shown.length);
});
