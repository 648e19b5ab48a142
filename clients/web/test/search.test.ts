import type { UserId } from "@caffis/chat";
import { expect, test } from "vitest";
import { isOn, toggled, troubleOf } from "../src/search/filters.ts";
import { asAsked } from "../src/search/query.ts";

const people = [
  { user: "u1" as UserId, name: "Giulia Bianchi" },
  { user: "u2" as UserId, name: "Nicolò Rossi" },
  { user: "u3" as UserId, name: "Giulia Verdi" },
];

test.each([
  ["cappu", "cappu*"],
  ["due cappu", "due cappu*"],
  ["due cappuccino", "due cappuccin*"],
  ["meetings", "meeting*"],
  ["sole", "sole*"],
  ["di", "di"],
  ["cappuccino ", "cappuccino "],
  ['"al banco', '"al banco'],
  ['"al banco"', '"al banco"'],
  ['"al banco" caff', '"al banco" caff*'],
  ["has:link", "has:link"],
  ["before:2026-11-26", "before:2026-11-26"],
  ["cappu*", "cappu*"],
  ["東京都", "東京都"],
  ["กาแฟ", "กาแฟ"],
  ["кофе", "кофе*"],
])("%s is asked as %s", (typed, asked) => {
  expect(asAsked(typed, people)).toBe(asked);
});

test.each([
  ["from:nicolo pane ", "from:u2 pane "],
  ["pane from:Nicolò ", "pane from:u2 "],
  ["from:giuliabianchi ", "from:u1 "],
  ["from:giulia ", "from:giulia "],
  ["from:u3 ", "from:u3 "],
  ["from:me ", "from:me "],
])("the name in %s becomes an id where only one person has it", (typed, asked) => {
  expect(asAsked(typed, people)).toBe(asked);
});

test.each([
  ["has:link", null],
  ["HAS:Polls pane", null],
  ["has:replies", null],
  ["has:everything", ["kind", "everything"]],
  ["pane has:", ["value", "has:"]],
  ["pane before:", ["value", "before:"]],
  ["pane before:tomorrow", ["date", "tomorrow"]],
  ["pane before:26-11-2026", ["date", "26-11-2026"]],
  ["pane after:2026-02-29", ["day", "2026-02-29"]],
  ["pane after:2028-02-29", null],
  ["pane after:2026-00-01", ["day", "2026-00-01"]],
  ["pane after:2026-13-01", ["day", "2026-13-01"]],
  ["pane after:0000-01-01", ["day", "0000-01-01"]],
  ["pane after:0099-02-28", null],
  ['in:"bar sport" pane', null],
  // Neither is a filter.
  ["10:30 https://caffis.app", null],
  ['"he has: nothing"', null],
  ["else:where", null],
])("what is wrong with %s is said", (query, trouble) => {
  expect(troubleOf(query, false)).toEqual(trouble);
});

test("a search in one conversation chooses among none", () => {
  expect(troubleOf("pane in:sport", true)).toEqual(["inRoom", "in:sport"]);
});

test.each([
  ["", "has:poll", "has:poll "],
  ["pane ", "has:poll", "has:poll pane "],
  ["has:poll cappu", "has:poll", "cappu"],
  ["pane has:poll caldo", "has:poll", "pane caldo"],
  ["has:polls HAS:poll", "has:poll", ""],
  ["has:poll", "has:link", "has:link has:poll"],
  ["from:me pane", "from:me", "pane"],
  ["from:meg pane", "from:me", "from:me from:meg pane"],
  ['"has:poll"', "has:poll", 'has:poll "has:poll"'],
] as const)("%s with or without %s is %s", (query, toggle, expected) => {
  expect(toggled(query, toggle)).toBe(expected);
  expect(isOn(expected, toggle)).toBe(!isOn(query, toggle));
});
