import { expect, test } from "vitest";
import type { Body, Entry, Message, Tally } from "../src/index.ts";
import { shortened, tallyOf } from "../src/index.ts";
import { changedMessage, changeMessage, messageText } from "../src/store/changes.ts";

const poll: Body = {
  type: "poll",
  value: {
    question: "Where?",
    options: ["a", "b"],
    multiple: false,
    anonymous: true,
    closes: null,
  },
};

function message(body: Body): Message {
  const fixed = { number: 1, sender: null, key: null, changed: 0, edited: null };
  return { ...fixed, body, reactions: [], extras: [{ type: "reply", value: { message: 2 } }] };
}

function tallied(position: number, tally: Tally | null): Entry {
  const value = { message: 3, number: 1, tally };
  return { position, time: 5, kind: { type: "tallied", value } };
}

test("a poll has the last tally, and who does not see it has none", () => {
  const first = { counts: [1, 0], voters: 1, closed: null };
  const second = { counts: [1, 1], voters: 2, closed: 7 };
  expect(changedMessage(tallied(7, first).kind)).toBe(3);
  const one = changeMessage(message(poll), tallied(7, first));
  expect(tallyOf(one.extras)).toEqual(first);
  const two = changeMessage(one, tallied(8, second));
  expect(two.extras).toEqual([
    { type: "reply", value: { message: 2 } },
    { type: "tally", value: second },
  ]);
  expect(changeMessage(two, tallied(8, first))).toBe(two);
  expect(changeMessage(two, tallied(9, null))).toBe(two);
  expect(tallyOf(message(poll).extras)).toBeNull();
});

test("polls and places are shown by their words", () => {
  const location: Body = {
    type: "location",
    value: { coordinates: "45.4642,9.19", accuracy: null, name: "Duomo", address: null },
  };
  const fixed = { phone: null, website: null, address: "Via Brera 1", coordinates: null };
  const place: Body = { type: "place", value: { name: "Zefiro", ...fixed } };
  expect([poll, location, place].map((body) => messageText({ body }))).toEqual([
    "Where?",
    "Duomo, 45.4642,9.19",
    "Zefiro, Via Brera 1",
  ]);
  expect([poll, place].map(shortened)).toEqual(["📊 Where?", "📍 Zefiro, Via Brera 1"]);
});
