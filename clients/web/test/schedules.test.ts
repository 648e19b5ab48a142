import { describe, expect, test } from "vitest";
import { fieldOf, timeOf } from "../src/common/times.ts";
import { countsOf } from "../src/scheduled/counts.ts";
import { quickTimes } from "../src/scheduled/times.ts";

/** A time on the reader's clock: Friday, 27 November 2026, or some days later. */
function at(hour: number, minute = 0, days = 0): number {
  return new Date(2026, 10, 27 + days, hour, minute).getTime();
}

describe("times at which messages are sent later", () => {
  test("are offered as long as they are to come, the next one first", () => {
    const names = (now: number) => quickTimes(now).map(({ name }) => name);
    expect(names(at(10))).toEqual(["hour", "tonight", "tomorrow", "monday"]);
    expect(names(at(19, 30))).toEqual(["tonight", "hour", "tomorrow", "monday"]);
    expect(names(at(20))).toEqual(["hour", "tomorrow", "monday"]);
    expect(names(at(10, 0, 2)), "of a Sunday, Monday is tomorrow").toEqual([
      "hour",
      "tonight",
      "tomorrow",
    ]);
    const times = new Map(quickTimes(at(10)).map(({ name, due }) => [name, due]));
    expect(times.get("hour")).toBe(at(11));
    expect(times.get("tonight")).toBe(at(20));
    expect(times.get("tomorrow")).toBe(at(9, 0, 1));
    expect(times.get("monday")).toBe(at(9, 0, 3));
    // On a Monday the next one is meant.
    expect(quickTimes(at(10, 0, 3)).at(-1)?.due).toBe(at(9, 0, 10));
  });

  test("go through the field and back", () => {
    expect(fieldOf(at(9, 5))).toBe("2026-11-27T09:05");
    expect(timeOf(fieldOf(at(9, 5)))).toBe(at(9, 5));
    expect(timeOf("")).toBe(null);
  });
});

describe("scheduled messages", () => {
  test("are counted, and so are those that could not be sent", () => {
    const waiting = { failed: null };
    expect(countsOf([])).toEqual({ all: 0, failed: 0 });
    expect(countsOf([waiting, { failed: "forbidden" }, waiting])).toEqual({ all: 3, failed: 1 });
  });
});
