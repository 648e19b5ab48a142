import type { Entry, RoomSummary, RoomView, UserId } from "@caffis/chat";
import { expect, test } from "vitest";
import { barredFrom, waitsUntil } from "../src/room/writing.ts";

const ME = "giulia" as UserId;
const OPEN = { slowModeSeconds: 0, frozen: false, announcements: false };

function room(
  role: RoomSummary["role"],
  settings: Partial<RoomSummary["settings"]> = {},
  entries: readonly Entry[] = [],
): RoomView {
  const summary = { role, settings: { ...OPEN, ...settings } };
  return { summary, entries, card: null } as unknown as RoomView;
}

test("the field is there for who may write now", () => {
  expect(barredFrom(room("member"))).toBeNull();
  expect(barredFrom(room(null))).toBeNull();
  expect(barredFrom(room("guest"))).toBe("guest");
  expect(barredFrom(room("member", { frozen: true, announcements: true }))).toBe("frozen");
  expect(barredFrom(room(null, { announcements: true }))).toBe("announcements");
  for (const role of ["moderator", "admin", "owner"] as const) {
    expect(barredFrom(room(role, { frozen: true, announcements: true }))).toBeNull();
  }
});

function said(
  position: number,
  sender: string,
  time: number,
  extras: readonly object[] = [],
): Entry {
  const kind = { type: "message", value: { sender, extras } };
  return { position, time, kind } as unknown as Entry;
}

test("who wrote in slow mode waits", () => {
  const slow = { slowModeSeconds: 10 };
  const set = { position: 2, time: 0, kind: { type: "settings", value: {} } } as unknown as Entry;
  const own = [set, said(3, ME, 1000), said(4, "marco", 5000)];
  expect(waitsUntil(room("member", slow, own), ME, 5000)).toBe(11_000);
  expect(waitsUntil(room("member", slow, own), ME, 11_000)).toBeNull();
  expect(waitsUntil(room("moderator", slow, own), ME, 5000)).toBeNull();
  expect(waitsUntil(room("member", {}, own), ME, 5000)).toBeNull();
  expect(waitsUntil(room("member", slow, [said(1, ME, 1000), set]), ME, 5000)).toBeNull();
  expect(waitsUntil(room("member", slow, [said(1, "marco", 1000)]), ME, 5000)).toBeNull();
  const imported = said(2, ME, 4000, [{ type: "imported", value: { time: 1 } }]);
  expect(waitsUntil(room("member", slow, [said(1, "marco", 1000), imported]), ME, 5000)).toBeNull();
});
