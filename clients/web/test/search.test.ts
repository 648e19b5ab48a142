import type { UserId } from "@caffis/chat";
import { expect, test } from "vitest";
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
