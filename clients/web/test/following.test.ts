/** Following the end of a conversation: only the person leaves it. */

import { describe, expect, test } from "vitest";
import { type Extent, Following, HAND_MS, type Input, mayMoveUp } from "../src/room/following.ts";

/** A view of 600 pixels that is at its end. */
function view(...inputs: Input[]): Following {
  const following = new Following();
  following.look({ top: 400, gap: 0 }, true, 0);
  for (const input of inputs) following.input(input, 0);
  return following;
}

/** Where a list may be while it is flooded: it guesses sizes, corrects its place, and is behind for a moment. */
const FLOODED: readonly Extent[] = [
  { top: 400, gap: 300 },
  { top: 380, gap: 500 },
  { top: 900, gap: 10 },
  { top: 860, gap: 170 },
];

const UP: Extent = { top: 300, gap: 100 };

test("a flood does not end it, whatever the list does to its place", () => {
  const following = view();
  for (const [at, extent] of FLOODED.entries()) {
    following.look(extent, true, at);
    expect(following.on).toBe(true);
  }
});

describe("the person ends it", () => {
  test.each<Input>([
    { type: "wheel", deltaY: -120 },
    { type: "touchmove" },
    { type: "keydown", key: "PageUp" },
    { type: "keydown", key: "ArrowUp" },
    { type: "pointermove", buttons: 1 },
    { type: "focusin" },
  ])("by $type $key", (input) => {
    const following = view(input);
    following.look(UP, true, HAND_MS - 1);
    expect(following.on).toBe(false);
    following.look({ top: 380, gap: 20 }, true, HAND_MS);
    expect(following.on).toBe(true);
  });

  test("by dragging the scrollbar, for as long as it is held", () => {
    const following = view({ type: "pointerdown", buttons: 1 });
    following.look(UP, true, 60_000);
    expect(following.on).toBe(false);
    const free = view({ type: "pointerdown", buttons: 1 });
    free.released(1);
    free.look(UP, true, 60_000);
    expect(free.on).toBe(true);
  });

  test("but not by what leads down, nor by an input long ago", () => {
    expect(mayMoveUp({ type: "wheel", deltaY: 120 })).toBe(false);
    expect(mayMoveUp({ type: "keydown", key: "End" })).toBe(false);
    expect(mayMoveUp({ type: "pointermove", buttons: 0 })).toBe(false);
    const following = view({ type: "wheel", deltaY: -1 });
    following.look(UP, true, HAND_MS);
    expect(following.on).toBe(true);
  });
});

test("the end of what is loaded is not the end while there is more", () => {
  const following = view();
  following.set(false);
  following.look({ top: 400, gap: 0 }, false, 0);
  expect(following.on).toBe(false);
  following.look({ top: 400, gap: 0 }, true, 0);
  expect(following.on).toBe(true);
});
