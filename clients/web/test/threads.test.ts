/** Threads: what the conversation shows of them, what a thread shows, and what counts as read. */

import {
  type Entry,
  type Extra,
  type Message,
  type Replies,
  type RoomId,
  type RoomView,
  roomId,
  userId,
} from "@caffis/chat";
import { describe, expect, test } from "vitest";
import { hashOf, pathOf, routeOf } from "../src/app/route.ts";
import { type ActionGround, actionsFor } from "../src/room/actions.ts";
import { type Bubble, type Item, timeline } from "../src/room/timeline.ts";
import { countOf } from "../src/threads/countOf.ts";

const ME = userId("giulia");
const MARCO = userId("marco");

function message(position: number, extras: readonly Extra[] = [], own = false): Entry {
  const value: Message = {
    number: position,
    sender: own ? ME : MARCO,
    key: null,
    body: { type: "text", value: { text: `text ${position}` } },
    ...{ changed: 0, edited: null, reactions: [], extras },
  };
  return { position, time: position * 1_000, kind: { type: "message", value } };
}

function reply(position: number, number: number, inRoom = false, own = false): Entry {
  return message(position, [{ type: "thread", value: { root: 1, number, inRoom } }], own);
}

function replies(count: number): Extra {
  const value: Replies = { count, last: 3, position: 5, time: 5_000, people: [MARCO] };
  return { type: "replies", value };
}

const bubbles = (items: readonly Item[]) =>
  items.filter((item): item is Bubble => item.type === "message");

describe("the conversation", () => {
  const entries = [message(1, [replies(3)]), reply(2, 1), message(3), reply(4, 2, true)];

  test("shows what was said of a thread, and only the replies that were sent to it too", () => {
    const all = bubbles(timeline({ entries, pending: [], self: ME, dividerAfter: null }));
    expect(all.map(({ position }) => position)).toEqual([1, 3, 4]);
    expect(all.map(({ thread }) => thread)).toEqual([null, null, 1]);
    expect(all[0]?.replies?.count).toBe(3);
    // A thread of which nothing is left is not offered.
    const empty = [message(1, [replies(0)])];
    const [root] = bubbles(timeline({ entries: empty, pending: [], self: ME, dividerAfter: null }));
    expect(root?.replies).toBeNull();
  });
});

describe("a thread", () => {
  test("has all of its replies, and the divider counts them", () => {
    const entries = [message(1), reply(2, 1), reply(4, 2, true), reply(7, 3)];
    const all = timeline({ entries, pending: [], self: ME, dividerAfter: 1, inThread: true });
    const shown = all.filter(({ type }) => type === "message" || type === "unread");
    expect(shown.map((item) => (item.type === "message" ? item.position : item.type))).toEqual([
      ...[1, 2],
      ...["unread", 4, 7],
    ]);
    expect(bubbles(all).every(({ thread, replies }) => thread === null && replies === null)).toBe(
      true,
    );
  });

  test("says how many replies it has", () => {
    expect([countOf(message(1, [replies(3)])), countOf(message(1))]).toEqual([3, 0]);
  });

  test("is offered for messages of people, and not within a thread", () => {
    const summary = { class: "social", role: "member", members: 2, peer: null };
    const settings = { slowModeSeconds: 0, frozen: false, announcements: false };
    const room = {
      summary: { ...summary, settings },
      ...{ pins: null, markers: new Map(), card: null },
    } as unknown as RoomView;
    const ground: ActionGround = { room, limits: null, now: 0, starred: new Map() };
    const [bubble] = bubbles(
      timeline({ entries: [message(1)], pending: [], self: ME, dividerAfter: null }),
    );
    if (!bubble) throw new Error("no message");
    expect(actionsFor(bubble, ground)).toContain("thread");
    const inThread = actionsFor(bubble, { ...ground, inThread: true });
    expect(inThread).not.toContain("thread");
    expect(inThread).not.toContain("reply");
    const gone = { ...bubble, deletedBy: MARCO, text: null };
    expect(actionsFor(gone, ground)).not.toContain("thread");
    const kept = { ...gone, replies: { count: 1, last: 1, position: 2, time: 0, people: [] } };
    expect(actionsFor(kept, ground)).toContain("thread");
    expect(actionsFor({ ...bubble, sender: null }, ground)).not.toContain("thread");
  });

  test("is a step of its own in the history, in the place of the details", () => {
    const room: RoomId = roomId("00000000000000a1");
    const path = pathOf({ room, details: true, thread: 7, dialog: null });
    expect(path).toEqual(["list", `room ${room}`, "thread 7"]);
    expect(routeOf(path)).toEqual({ room, details: false, thread: 7, dialog: null });
    expect(hashOf(path)).toBe(`#/room/${room}`);
    expect(pathOf({ room: null, details: false, thread: 7, dialog: null })).toEqual(["list"]);
  });
});
