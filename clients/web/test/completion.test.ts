import { describe, expect, test } from "vitest";
import { type Completed, complete, offeredAt, wordAt } from "../src/room/completion.ts";

describe("a word that is being written", () => {
  test("is the one with the sign before the caret", () => {
    expect(wordAt("ciao @an", 8, "@")).toEqual({ start: 5, query: "an" });
    expect(wordAt("@", 1, "@")).toEqual({ start: 0, query: "" });
    expect(wordAt("(@an", 4, "@")).toEqual({ start: 1, query: "an" });
    expect(wordAt("☕:so le", 4, ":")).toEqual({ start: 1, query: "so" });
  });

  test.each([
    ["ciao @an", 5, "@"],
    ["ciao @an na", 11, "@"],
    ["anna@example.org", 16, "@"],
    ["ciao", 4, "@"],
    ["ciao :an", 8, "@"],
    ["10:30", 5, ":"],
    ["https://caffis.app", 9, ":"],
    ["::so", 4, ":"],
  ])("is not in «%s» at %i with %s", (text, caret, sign) => {
    expect(wordAt(text, caret, sign)).toBeNull();
  });

  test("gives its place to what is chosen, and a space follows once", () => {
    const at = { start: 2, query: "ann" };
    expect(complete("a @ann b", 6, at, "@Anna Maria")).toEqual({
      text: "a @Anna Maria b",
      caret: 14,
    });
    expect(complete("a :ann", 6, at, "☕")).toEqual({ text: "a ☕ ", caret: 4 });
  });
});

test("the kind whose word is being written offers what it has for it", () => {
  const kind = (sign: "@" | ":", names: readonly string[]): Completed => ({
    ...{ kind: sign === "@" ? "mention" : "emoji", sign, label: "" },
    offersFor: (query) =>
      names
        .filter((name) => name.startsWith(query))
        .map((name) => ({ id: name, picture: null, name, hint: "", written: name })),
  });
  const kinds = [kind("@", ["anna"]), kind(":", ["sole"])];
  const offered = (text: string) => {
    const { completed, offers } = offeredAt(text, text.length, kinds) ?? {};
    return [completed?.sign, ...(offers ?? []).map(({ id }) => id)];
  };
  expect(offered("@an")).toEqual(["@", "anna"]);
  expect(offered("@anna :so")).toEqual([":", "sole"]);
  expect(offered("@so")).toEqual([undefined]);
  expect(offered(":an")).toEqual([undefined]);
});
