/** The words of the page: each is there once, in every language. */

import { expect, test } from "vitest";
import { en } from "../src/i18n/en.ts";
import { it } from "../src/i18n/it.ts";
import { localeOf } from "../src/i18n/locale.ts";

const areas = {
  en: import.meta.glob<Record<string, object>>("../src/i18n/en/*.ts", { eager: true }),
  it: import.meta.glob<Record<string, object>>("../src/i18n/it/*.ts", { eager: true }),
};

/** The names of all words, with those of groups within them. */
function names(words: object, before = ""): string[] {
  return Object.entries(words).flatMap(([name, value]) =>
    typeof value === "object" ? names(value, `${before}${name}.`) : [`${before}${name}`],
  );
}

test("no word is in two areas, and none is left out", () => {
  for (const [language, whole] of [["en", en] as const, ["it", it] as const]) {
    const parts = Object.values(areas[language]).flatMap((area) => Object.values(area));
    const all = parts.flatMap((words) => Object.keys(words));
    expect(all.length).toBeGreaterThan(100);
    expect(all.sort()).toEqual(Object.keys(whole).sort());
  }
});

test("the languages have the same words", () => {
  expect(names(it).sort()).toEqual(names(en).sort());
});

test("dates are written as in the region of the reader", () => {
  expect(localeOf("en", ["it-IT", "en-AU", "en"])).toBe("en-AU");
  expect(localeOf("en", ["it-IT"])).toBe("en-GB");
  expect(localeOf("it", ["it-CH", "it"])).toBe("it-CH");
  expect(localeOf("it", [])).toBe("it");
});
