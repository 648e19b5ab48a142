/** What can be done with several messages at once: what can be done with each of them. */

import { type Limits, type RoomView, userId } from "@caffis/chat";
import { expect, test } from "vitest";
import type { ActionGround } from "../src/room/actions.ts";
import { MOST_FORWARDED, selectedBubbles, selectionActions } from "../src/room/selection.ts";
import type { Bubble, Item } from "../src/room/timeline.ts";

const ME = userId("giulia");
const OTHER = userId("marco");

function bubble(position: number, own: boolean, change: Partial<Bubble> = {}): Bubble {
  return {
    ...{ type: "message", key: String(position), time: 0, position, number: position },
    card: null,
    tally: null,
    liveUntil: null,
    liveEnded: false,
    ...{ sender: own ? ME : OTHER, own, text: "ciao", edited: false, reactions: [], quote: null },
    ...{ forwarded: null, mentions: null, deletedBy: undefined, pending: null },
    ...{ first: true, last: true, thread: null, replies: null },
    ...change,
  };
}

function ground(starred: readonly number[] = [], role = "member"): ActionGround {
  const room = {
    summary: {
      ...{ class: "social", role, members: 3, peer: null },
      settings: { slowModeSeconds: 0, frozen: false, announcements: false },
    },
    ...{ pins: null, markers: new Map(), card: null },
  } as unknown as RoomView;
  const limits = { editWindowMs: 60_000, smallRoomMembers: 100 } as Limits;
  return { room, limits, now: 0, starred: new Map(starred.map((at) => [at, at])) };
}

test("what is selected keeps the order of the conversation, and what is gone is left out", () => {
  const items: Item[] = [bubble(3, true), bubble(5, false), bubble(8, true)];
  const positions = selectedBubbles(items, new Set([8, 99, 3])).map(({ position }) => position);
  expect(positions).toEqual([3, 8]);
});

test("all of them are deleted for everyone only if each may be", () => {
  const own = [bubble(3, true), bubble(4, true)];
  const mixed = [...own, bubble(5, false)];
  expect(selectionActions(own, ground()).deleteForEveryone).toBe(true);
  expect(selectionActions(mixed, ground()).deleteForEveryone).toBe(false);
  expect(selectionActions(mixed, ground([], "moderator")).deleteForEveryone).toBe(true);
});

test("stars are taken back only where all have one", () => {
  const both = [bubble(3, true), bubble(5, false)];
  expect(selectionActions(both, ground()).star).toBe("star");
  expect(selectionActions(both, ground([3])).star).toBe("star");
  expect(selectionActions(both, ground([3, 5])).star).toBe("unstar");
});

test("a bounded number is forwarded, and nothing that cannot be", () => {
  const many = Array.from({ length: MOST_FORWARDED + 1 }, (_, at) => bubble(at + 1, true));
  expect(selectionActions(many.slice(1), ground()).forward).toBe(true);
  expect(selectionActions(many, ground()).forward).toBe(false);
  expect(
    selectionActions([bubble(3, true), bubble(4, true, { text: null })], ground()).forward,
  ).toBe(false);
  const nothing = { forward: false, star: null, deleteForEveryone: false };
  expect(selectionActions([], ground())).toEqual(nothing);
});
