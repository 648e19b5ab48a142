import { expect, test } from "vitest";
import { isNamed, ROOM_ACTIONS, roomActions } from "../src/rooms/placement.ts";

test("each place has its way back", () => {
  const ways = (at: Parameters<typeof roomActions>[0]) =>
    roomActions(at).map((action) => ROOM_ACTIONS[action].to);
  expect(ways("listed")).toEqual(["pinned", "archived", "hidden"]);
  expect(ways("pinned")).toEqual(["listed", "archived", "hidden"]);
  expect(ways("archived")).toEqual(["pinned", "listed", "hidden"]);
  expect(ways("hidden")).toEqual(["pinned", "archived", "listed"]);
});

test("a name is found by its words, whatever their accents and capitals", () => {
  expect(isNamed("Caffè di Sabato ☕", "CAFFE sab")).toBe(true);
  expect(isNamed("Caffè di Sabato ☕", "caffè domenica")).toBe(false);
  expect(isNamed("Perché no", " perche ")).toBe(true);
  expect(isNamed("Anything", "")).toBe(true);
});
