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
    summary: { class: "social", role: "member", members: 2, ...summary },
    markers: new Map([[MARCO, { user: MARCO, delivered: 9, read }]]),
    card: closed ? { status: { type: "closed" } } : null,
  } as unknown as RoomView;
  const limits = { editWindowMs: 5 * MINUTE, smallRoomMembers: 100 } as Limits;
  return { room, limits, now };
}

describe("the actions of a message", () => {
  test("follow who wrote it, when, and who has read it", () => {
    expect(actionsFor(bubble(), ground())).toEqual(["react", "reply", "edit", "copy", "delete"]);
    expect(actionsFor(bubble(), ground({}, { now: 5 * MINUTE }))).toContain("edit");
    expect(actionsFor(bubble(), ground({}, { now: 5 * MINUTE + 1 }))).toEqual([
      "react",
      "reply",
      "copy",
      "delete",
    ]);
    expect(actionsFor(bubble(), ground({}, { read: 4 }))).toEqual([
      "react",
      "reply",
      "edit",
      "copy",
    ]);
    expect(actionsFor(bubble(), ground({}, { read: 3 }))).toContain("delete");
    const theirs = bubble({ own: false, sender: MARCO });
    expect(actionsFor(theirs, ground())).toEqual(["react", "reply", "copy", "report"]);
    expect(actionsFor(theirs, ground({ role: "admin" }))).toEqual([
      "react",
      "reply",
      "copy",
      "report",
      "delete",
    ]);
    const edited = bubble({ own: false, sender: MARCO, edited: true });
    expect(actionsFor(edited, ground())).toEqual(["react", "reply", "copy", "report"]);
    expect(actionsFor(edited, ground({ role: "owner" }))).toEqual([
      "react",
      "reply",
      "copy",
      "revisions",
      "report",
      "delete",
    ]);
  });

  test("follow the room", () => {
    const late = { now: 6 * MINUTE };
    expect(actionsFor(bubble(), ground({ class: "public", members: 0 }))).toContain("delete");
    expect(actionsFor(bubble(), ground({ class: "public", members: 0 }, late))).toEqual([
      "react",
      "reply",
      "copy",
    ]);
    expect(actionsFor(bubble(), ground({ members: 101 }, { ...late, read: 0 }))).toEqual([
      "react",
      "reply",
      "copy",
    ]);
    expect(actionsFor(bubble(), ground({ class: "evidence" }))).toEqual([
      "react",
      "reply",
      "copy",
      "delete",
    ]);
    expect(actionsFor(bubble(), ground({ role: "owner" }, { closed: true }))).toEqual(["copy"]);
  });

  test("say who reacted, once somebody has", () => {
    const reactions = [{ emoji: "☕", users: [MARCO] }];
    const all = ["react", "reply", "reactors", "copy", "report"];
    expect(actionsFor(bubble({ reactions, own: false, sender: MARCO }), ground())).toEqual(all);
    const closed = ground({}, { closed: true });
    expect(actionsFor(bubble({ reactions }), closed)).toEqual(["reactors", "copy"]);
  });

  test("are none for a tombstone, and none of a message that waits", () => {
    expect(actionsFor(bubble({ deletedBy: ME, text: null }), ground({ role: "owner" }))).toEqual(
      [],
    );
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
