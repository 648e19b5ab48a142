import type { RoomSummary } from "@caffis/chat";
import { LIVE_LOCATION_EXPIRY_MS, LIVE_LOCATION_MINUTES } from "@caffis/chat";
import { expect, test } from "vitest";
import { LIVE_TIMES, liveState, maySharePosition } from "../src/cards/live.ts";
import { ofDevice } from "../src/cards/places.ts";

test("a live location moves, is silent, and ends", () => {
  expect(liveState(1_000, null, 500)).toBe("silent");
  expect(liveState(1_000, 400, 500)).toBe("moving");
  expect(liveState(1_000, 400, 1_000)).toBe("ended");
  const late = 400 + LIVE_LOCATION_EXPIRY_MS;
  expect(liveState(late + 9, 400, late)).toBe("silent");
  expect(liveState(late + 9, 400, late - 1)).toBe("moving");
});

test("no time is longer than the server takes", () => {
  const times = Object.values(LIVE_TIMES).filter((time) => time !== null);
  expect(Math.max(...times)).toBeLessThan(LIVE_LOCATION_MINUTES * 60_000);
});

test("a location is shared with a few people whom one knows", () => {
  const room = (change: Partial<RoomSummary>) =>
    ({ class: "social", members: 3, ...change }) as RoomSummary;
  expect(maySharePosition(room({}), 3)).toBe(true);
  expect(maySharePosition(room({ members: 4 }), 3)).toBe(false);
  expect(maySharePosition(room({ class: "public" }), 3)).toBe(false);
  expect(maySharePosition(room({ class: "evidence" }), 3)).toBe(false);
});

test("where a device is has as many decimals as the server keeps", () => {
  const coords = { latitude: 45.123456789, longitude: -0.00000001, accuracy: 12.4 };
  expect(ofDevice(coords)).toEqual({ coordinates: "45.1234568,0", accuracy: 12 });
  expect(ofDevice({ ...coords, accuracy: 200_000 }).accuracy).toBeNull();
});
