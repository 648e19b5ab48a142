import { expect, test } from "vitest";
import { isEmojiOnly, markup, type Part } from "../src/room/markup.ts";

/** The parts of a text, as HTML would have them. */
function html(text: string): string {
  const draw = (part: Part): string => {
    switch (part.kind) {
      case "words":
        return part.text;
      case "code":
        return `<code>${part.text}</code>`;
      case "link":
        return `<a>${part.text}</a>`;
      case "bold":
        return `<b>${part.parts.map(draw).join("")}</b>`;
      case "italic":
        return `<i>${part.parts.map(draw).join("")}</i>`;
      case "struck":
        return `<s>${part.parts.map(draw).join("")}</s>`;
    }
  };
  return markup(text).map(draw).join("");
}

test.each([
  ["at *eight*, not _nine_ or ~ten~", "at <b>eight</b>, not <i>nine</i> or <s>ten</s>"],
  ["**so** __too__ and ~~this~~", "<b>so</b> <b>too</b> and <s>this</s>"],
  ["*bold _and italic_ here*", "<b>bold <i>and italic</i> here</b>"],
  ["`*raw* _code_` *x*", "<code>*raw* _code_</code> <b>x</b>"],
  ["*see https://a.example/_x_/y now*", "<b>see <a>https://a.example/_x_/y</a> now</b>"],
  ["(*perché?*)", "(<b>perché?</b>)"],
  ["*due*\n*righe*", "<b>due</b>\n<b>righe</b>"],
  ["_*both*_", "<i><b>both</b></i>"],
])("%j is marked up", (text, marked) => {
  expect(html(text)).toBe(marked);
});

test.each([
  "2 * 3 * 4",
  "snake_case_name and a*b*c",
  "* a list\n* of two",
  "*open",
  "closed*",
  "*not over\ntwo lines*",
  "cappu*",
  "***",
  "_",
  "`",
  "``",
  "",
])("%j stays as it is", (text) => {
  expect(html(text)).toBe(text);
});

test("a text full of marks costs no more than its length", () => {
  for (const text of ["*a ".repeat(2_600), "_*~a".repeat(2_000), "*".repeat(8_000)]) {
    expect(html(text).length).toBeGreaterThanOrEqual(text.length);
  }
});

test("a few emoji alone are large", () => {
  for (const text of ["☕", "❤️ 👍🏽", "👩‍👩‍👧‍👦🇮🇹🎉"]) expect(isEmojiOnly(text), text).toBe(true);
  for (const text of ["", "ok ☕", "1", "☕☕☕☕", "#", "©", "☕".repeat(100)]) {
    expect(isEmojiOnly(text), text).toBe(false);
  }
});
