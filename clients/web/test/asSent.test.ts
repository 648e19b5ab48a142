import { expect, test } from "vitest";
import { asSent } from "../src/room/asSent.ts";

test("what is pasted loses what the server refuses, and nothing else", () => {
  expect(asSent("uno\r\ndue\rtre\n")).toBe("uno\ndue\ntre");
  expect(asSent("\u202a+39 02 1234\u202c")).toBe("+39 02 1234");
  expect(asSent("a\u0000b\u0007c\u009fd\te")).toBe("abcd\te");
  expect(asSent("\u202e \u202c")).toBe("");
  const kept = "👩‍👩‍👧‍👧 a\u2068b\u2069 \u200fשלום";
  expect(asSent(kept)).toBe(kept);
});
