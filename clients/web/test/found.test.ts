import { expect, test } from "vitest";
import { splitFound, wordsFound } from "../src/search/found.ts";

/** The text with brackets around what is marked. */
function marked(text: string, words: readonly string[]): string {
  return splitFound(text, words)
    .map((part) => (part.found ? `[${part.text}]` : part.text))
    .join("");
}

test("the words that were found are those that an excerpt marks, each once", () => {
  const excerpt = [
    { text: "… due ", matched: false },
    { text: "cappuccini", matched: true },
    { text: " e altri ", matched: false },
    { text: "cappuccini", matched: true },
    { text: " al ", matched: false },
    { text: "banco", matched: true },
  ];
  expect(wordsFound({ excerpt })).toEqual(["cappuccini", "banco"]);
});

test.each([
  ["Due cappuccini, un CAPPUCCINI", ["cappuccini"], "Due [cappuccini], un [CAPPUCCINI]"],
  ["È già il caffè", ["Caffè", "è"], "[È] già il [caffè]"],
  // Only where the word stands by itself.
  ["il filo, Il figlio", ["il"], "[il] filo, [Il] figlio"],
  ["caffè e caffè\u0301", ["caffè"], "[caffè] e caffè\u0301"],
  ["L'acqua dell’acqua", ["acqua"], "L'[acqua] dell’[acqua]"],
  ["due 2 22", ["2"], "due [2] 22"],
  // The longest counts, and what is next to it begins anew.
  ["al banco al bar", ["al", "al banco"], "[al banco] [al] bar"],
  ["uno due", ["uno", "due"], "[uno] [due]"],
  // Without spaces between words, anywhere.
  ["我在東京都喝咖啡", ["東京"], "我在[東京]都喝咖啡"],
  ["ดื่มกาแฟร้อน", ["กาแฟ"], "ดื่ม[กาแฟ]ร้อน"],
  // What means something in a pattern is a character like others.
  ["costa 3.50, non 3x50", ["3.50"], "costa [3.50], non 3x50"],
  ["a (b) [c]", ["(b)", "[c]"], "a [(b)] [[c]]"],
  ["niente", ["caffè"], "niente"],
  ["niente", [], "niente"],
  ["niente", [""], "niente"],
  ["", ["caffè"], ""],
])("of «%s», %j are marked", (text, words, expected) => {
  expect(marked(text, words)).toBe(expected);
});
