import { userId } from "@caffis/chat";
import { expect, test } from "vitest";
import { isPicked, NOBODY, pickedUsers } from "../src/common/PeoplePicker.tsx";

test("people are chosen by name and by id, each once", () => {
  expect(isPicked(NOBODY)).toBe(false);
  expect(isPicked({ ...NOBODY, ids: " " })).toBe(false);
  const picked = { chosen: new Set([userId("aiko")]), ids: " luca, ,aiko,  nadia" };
  expect(isPicked(picked)).toBe(true);
  expect(pickedUsers(picked)).toEqual(["aiko", "luca", "nadia"]);
});

test("what cannot be an id is refused", () => {
  expect(() => pickedUsers({ ...NOBODY, ids: "x".repeat(65) })).toThrow(RangeError);
});
