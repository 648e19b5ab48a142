import { describe, expect, test } from "vitest";
import { en } from "../src/emoji/en.ts";
import { emojiNamed } from "../src/emoji/find.ts";
import { it } from "../src/emoji/it.ts";
import { CHOICE, QUICK } from "../src/room/emoji.ts";
import { isEmojiOnly } from "../src/room/markup.ts";

const found = (query: string, names: Readonly<Record<string, string>>, most = 6) =>
  emojiNamed(query, names, most).map(({ emoji }) => emoji);

describe("the names of emoji", () => {
  test("are known of all that are offered elsewhere, in both languages", () => {
    const known = Object.keys(en);
    expect(known).toEqual(expect.arrayContaining([...QUICK, ...CHOICE]));
    expect(Object.keys(it)).toEqual(known);
  });

  test.each([["en", en] as const, ["it", it] as const])("in %s are each found", (_, names) => {
    const shown = Object.values(names).map((all) => all.split(", ")[0]);
    expect(new Set(shown).size).toBe(shown.length);
    for (const [emoji, all] of Object.entries(names)) {
      for (const name of all.split(", ")) {
        const query = name.replace(/[\s'’-]+/gu, "_");
        expect(found(query, names, 200), `${emoji} ${name}`).toContain(emoji);
      }
    }
  });

  test("are one emoji each", () => {
    const segmenter = new Intl.Segmenter();
    for (const emoji of Object.keys(en)) {
      expect([...segmenter.segment(emoji)], emoji).toHaveLength(1);
      expect(isEmojiOnly(emoji), emoji).toBe(true);
    }
  });
});

describe("what is written after a colon", () => {
  test("finds what has that name first, then beginnings, words, and other names", () => {
    const names = {
      1: "tea cup",
      2: "iced tea",
      3: "teapot",
      4: "drink, tea",
      5: "tea",
      6: "steak",
    };
    expect(found("tea", names)).toEqual(["5", "4", "1", "3", "2"]);
    expect(found("tea", names, 2)).toEqual(["5", "4"]);
    expect(emojiNamed("tea", { 4: "drink, tea" }, 6)).toEqual([
      { emoji: "4", name: "drink", also: "tea" },
    ]);
    expect(emojiNamed("drink", { 4: "drink, tea" }, 6)).toEqual([
      { emoji: "4", name: "drink", also: "" },
    ]);
  });

  test.each([
    ["caffe", it, "☕"],
    ["CAFFÈ", it, "☕"],
    ["caffe\u0300", it, "☕"],
    ["coffee", en, "☕"],
    ["thumbs_up", en, "👍"],
    ["thumbs-up", en, "👍"],
    ["thumbsup", en, "👍"],
    ["acqua", { "🥛": "bicchiere d'acqua" }, "🥛"],
    ["cuore", it, "❤️"],
    ["heart", en, "😍"],
  ] as const)("finds %s without regard to case, accents and spaces", (query, names, first) => {
    expect(found(query, names)).toContain(first);
  });

  test.each(["", "c", "è", "e\u0300", "D", "30", "3d", "_", "_co", "co)", "zzz"])(
    "finds nothing for «%s»",
    (query) => {
      expect(found(query, en)).toEqual([]);
      expect(found(query, it)).toEqual([]);
    },
  );
});
