import { describe, expect, test } from "vitest";
import { backoffDelay } from "../src/backoff.ts";
import { engineOf, isGated } from "../src/link/discover.ts";
import {
  decodeFarewell,
  encodeFarewell,
  FrameError,
  FrameKind,
  FrameReader,
  farewellOfClose,
  MAX_FRAME,
  messageFrame,
  readMessageFrame,
  streamFrame,
} from "../src/link/frames.ts";

describe("frames", () => {
  test("come whole out of a stream, however it is cut", () => {
    for (const step of [1, 2, 7, 1_000, 100_000]) {
      const sizes = [0, 1, 127, 128, step < 7 ? 300 : 20_000];
      const payloads = sizes.map((size) => new Uint8Array(size).fill(size));
      const stream = payloads.flatMap((payload) => [...streamFrame(FrameKind.data, payload)]);
      const reader = new FrameReader();
      const found: Uint8Array[] = [];
      for (let at = 0; at < stream.length; at += step) {
        const piece = Uint8Array.from(stream.slice(at, at + step));
        for (const frame of reader.push(piece)) found.push(frame.payload.slice());
      }
      expect(found).toEqual(payloads);
    }
  });

  test("of unknown kind, over the limit or with an overlong length are refused", () => {
    const read = (...bytes: number[]) => [...new FrameReader().push(Uint8Array.from(bytes))];
    expect(() => read(9, 0)).toThrow(FrameError);
    expect(() => read(FrameKind.data, 0x80, 0x00)).toThrow(FrameError);
    expect(() => read(FrameKind.data, 0xff, 0xff, 0xff, 0xff, 0x0f)).toThrow(FrameError);
    expect(() => read(FrameKind.ping, 9)).toThrow(FrameError);
    expect(() => readMessageFrame(new Uint8Array(0))).toThrow(FrameError);
    expect(() => readMessageFrame(messageFrame(0, new Uint8Array(MAX_FRAME + 1)))).toThrow(
      FrameError,
    );
  });

  test("of farewell carry a code and a reason", () => {
    const farewell = { code: 300, reason: "caffè" };
    expect(decodeFarewell(encodeFarewell(farewell))).toEqual(farewell);
    expect(() => decodeFarewell(Uint8Array.of(3, 9))).toThrow(FrameError);
    expect(farewellOfClose(4003, "bye")).toEqual({ code: 3, reason: "bye" });
    expect(farewellOfClose(1006, "").code).toBe(0);
  });
});

describe("engines", () => {
  const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:152.0) Gecko/20100101 Firefox/152.0";
  const chromium =
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36";
  const safari =
    "Mozilla/5.0 AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.4 Safari/605.1.15";

  test("are told apart", () => {
    expect(engineOf(firefox)).toEqual({ engine: "gecko", version: 152 });
    expect(engineOf(chromium)).toEqual({ engine: "blink", version: 156 });
    expect(engineOf(safari)).toEqual({ engine: "webkit", version: 26 });
  });

  test("in the table are kept to WebSocket", () => {
    const table = [{ engine: "webkit" }, { engine: "gecko", below: 153 }];
    expect([firefox, chromium, safari].map((agent) => isGated(agent, table))).toEqual([
      true,
      false,
      true,
    ]);
    expect(isGated(firefox.replaceAll("152", "153"), table)).toBe(false);
  });
});

test("waits are uniform below a bound that doubles to a maximum", () => {
  const options = { baseMs: 100, maximumMs: 1_000, random: () => 0.999 };
  const waits = [0, 1, 2, 3, 4, 50].map((attempt) => Math.round(backoffDelay(attempt, 0, options)));
  expect(waits).toEqual([100, 200, 400, 799, 999, 999]);
  expect(backoffDelay(3, 5_000, { ...options, random: () => 0 })).toBe(5_000);
});
