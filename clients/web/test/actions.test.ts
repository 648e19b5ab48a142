import { type Limits, type RoomView, userId } from "@caffis/chat";
import { describe, expect, test } from "vitest";
import { type ActionGround, actionsFor, lastToEdit } from "../src/room/actions.ts";
import type { Bubble } from "../src/room/timeline.ts";

const ME = userId("giulia");
const MARCO = userId("marco");
const MINUTE = 60_000;

function bubble(change: Partial<Bubble> = {}): Bubble {
  return {
    type: "message",
    key: "1",
    time: 0,
    position: 5,
    number: 4,
    sender: ME,
    text: "ciao",
    own: true,
    edited: false,
    reactions: [],
    quote: null,
    forwarded: null,
    mentions: null,
    thread: null,
    replies: null,
    card: null,
    tally: null,
    liveUntil: null,
    liveEnded: false,
    deletedBy: undefined,
    pending: null,
    first: true,
    last: true,
    ...change,
  };
}

function ground(
  summary: Partial<RoomView["summary"]> = {},
  more: { now?: number; read?: number; closed?: boolean } = {},
): ActionGround {
  const { now = MINUTE, read = 0, closed = false } = more;
  const room = {
    summary: {
      ...{ class: "social", role: "member", members: 2, peer: null },
      settings: { slowModeSeconds: 0, frozen: false, announcements: false },
      ...summary,
    },
    pins: null,
    markers: new Map([[MARCO, { user: MARCO, delivered: 9, read }]]),
    card: closed ? { status: { type: "closed" } } : null,
  } as unknown as RoomView;
  const limits = { editWindowMs: 5 * MINUTE, smallRoomMembers: 100 } as Limits;
  return { room, limits, now, starred: new Map([[6, 5]]) };
}

describe("the actions of a message", () => {
  test("are fewer for guests, and where only those who moderate write", () => {
    const writing = ["react", "reply", "thread", "edit"] as const;
    const has = (summary: Partial<RoomView["summary"]>) => {
      const actions = actionsFor(bubble(), ground(summary));
      return writing.filter((action) => actions.includes(action));
    };
    const settings = { slowModeSeconds: 0, frozen: false, announcements: false };
    expect(has({})).toEqual(writing);
    expect(has({ role: "guest" })).toEqual(["react"]);
    expect(has({ settings: { ...settings, announcements: true } })).toEqual(["react", "edit"]);
    const frozen = { settings: { ...settings, frozen: true } };
    expect(has(frozen)).toEqual([]);
    expect(has({ ...frozen, role: "moderator" })).toEqual(writing);
  });

  test("follow who wrote it, when, and who has read it", () => {
    expect(actionsFor(bubble(), ground())).toEqual([
      "react",
      "reply",
      "thread",
      "edit",
      "forward",
      "star",
      "copy",
      "select",
      "delete",
      "hide",
    ]);
    expect(actionsFor(bubble(), ground({}, { now: 5 * MINUTE }))).toContain("edit");
    expect(actionsFor(bubble(), ground({}, { now: 5 * MINUTE + 1 }))).toEqual([
      "react",
      "reply",
      "thread",
      "forward",
      "star",
      "copy",
      "select",
      "delete",
      "hide",
    ]);
    expect(actionsFor(bubble(), ground({}, { read: 4 }))).toEqual([
      "react",
      "reply",
      "thread",
      "edit",
      "forward",
      "star",
      "copy",
      "select",
      "hide",
    ]);
    expect(actionsFor(bubble(), ground({}, { read: 3 }))).toContain("delete");
    const theirs = bubble({ own: false, sender: MARCO });
    expect(actionsFor(theirs, ground())).toEqual([
      "react",
      "reply",
      "thread",
      "forward",
      "star",
      "copy",
      "select",
      "report",
      "hide",
    ]);
    expect(actionsFor(theirs, ground({ role: "admin" }))).toEqual([
      "react",
      "reply",
      "thread",
      "pin",
      "forward",
      "star",
      "copy",
      "select",
      "report",
      "delete",
      "hide",
    ]);
    const edited = bubble({ own: false, sender: MARCO, edited: true });
    expect(actionsFor(edited, ground())).toEqual([
      "react",
      "reply",
      "thread",
      "forward",
      "star",
      "copy",
      "select",
      "report",
      "hide",
    ]);
    expect(actionsFor(edited, ground({ role: "owner" }))).toEqual([
      "react",
      "reply",
      "thread",
      "pin",
      "forward",
      "star",
      "copy",
      "select",
      "revisions",
      "report",
      "delete",
      "hide",
    ]);
  });

  test("follow the room", () => {
    const late = { now: 6 * MINUTE };
    expect(actionsFor(bubble(), ground({ class: "public", members: 0 }))).toContain("delete");
    expect(actionsFor(bubble(), ground({ class: "public", members: 0 }, late))).toEqual([
      "react",
      "reply",
      "thread",
      "forward",
      "star",
      "copy",
      "select",
      "hide",
    ]);
    expect(actionsFor(bubble(), ground({ members: 101 }, { ...late, read: 0 }))).toEqual([
      "react",
      "reply",
      "thread",
      "forward",
      "star",
      "copy",
      "select",
      "hide",
    ]);
    expect(actionsFor(bubble(), ground({ class: "evidence" }))).toEqual([
      "react",
      "reply",
      "thread",
      "star",
      "copy",
      "select",
      "delete",
      "hide",
    ]);
    expect(actionsFor(bubble(), ground({ role: "owner" }, { closed: true }))).toEqual([
      "forward",
      "star",
      "copy",
      "select",
      "hide",
    ]);
  });

  test("star what others and oneself wrote, and take that back", () => {
    expect(actionsFor(bubble(), ground())).toContain("star");
    const starred = actionsFor(bubble({ position: 6 }), ground());
    expect([starred.includes("star"), starred.includes("unstar")]).toEqual([false, true]);
  });

  test("pin for both in a conversation of two, and take that back", () => {
    const peer = { user: MARCO, name: "Marco", picture: null };
    expect(actionsFor(bubble(), ground({ peer }))).toContain("pin");
    const pinned = ground({ peer });
    const pin = { message: 5, position: 9, by: ME, time: 1 };
    const room = { ...pinned.room, pins: { pins: [pin], head: 9 } };
    expect(actionsFor(bubble(), { ...pinned, room })).toContain("unpin");
    expect(actionsFor(bubble(), ground({ peer }, { closed: true }))).not.toContain("pin");
  });

  test("say who reacted, once somebody has", () => {
    const reactions = [{ emoji: "☕", users: [MARCO] }];
    const all = [
      "react",
      "reply",
      "thread",
      "reactors",
      "forward",
      "star",
      "copy",
      "select",
      "report",
      "hide",
    ];
    expect(actionsFor(bubble({ reactions, own: false, sender: MARCO }), ground())).toEqual(all);
    const closed = ground({}, { closed: true });
    expect(actionsFor(bubble({ reactions }), closed)).toEqual([
      "reactors",
      "forward",
      "star",
      "copy",
      "select",
      "hide",
    ]);
  });

  test("are few for a tombstone, and none of a message that waits", () => {
    const tombstone = bubble({ deletedBy: ME, text: null });
    expect(actionsFor(tombstone, ground({ role: "owner" }))).toEqual(["hide"]);
    expect(actionsFor(bubble({ position: null, number: null }), ground())).toEqual([]);
  });

  test("the last own message is the one that the arrow key edits", () => {
    const older = bubble({ key: "1" });
    const theirs = bubble({ key: "3", own: false, sender: MARCO });
    expect(lastToEdit([older, bubble({ key: "2" }), theirs], ground())?.key).toBe("2");
    expect(lastToEdit([older, bubble({ key: "2", deletedBy: ME })], ground())).toBeNull();
    expect(lastToEdit([theirs], ground())).toBeNull();
  });
});
