import { expect, test } from "vitest";
import { regionAfter } from "../src/app/regions.ts";
import { nextIndex } from "../src/common/moveFocus.ts";

test("F6 goes round the regions, in both directions", () => {
  expect([-1, 0, 1, 2].map((at) => regionAfter(at, 3, false))).toEqual([0, 1, 2, 0]);
  expect([-1, 0, 1, 2].map((at) => regionAfter(at, 3, true))).toEqual([2, 2, 0, 1]);
  expect(regionAfter(-1, 0, false)).toBeNull();
});

test("the arrow keys, Home and End stay within a list", () => {
  expect([0, 2].map((at) => nextIndex("ArrowDown", at, 3))).toEqual([1, null]);
  expect([0, 2].map((at) => nextIndex("ArrowUp", at, 3))).toEqual([null, 1]);
  expect(["Home", "End", "a"].map((key) => nextIndex(key, 1, 3))).toEqual([0, 2, null]);
});
