import type { PollBody } from "@caffis/chat";
import { expect, test } from "vitest";
import {
  degreesOf,
  geoLink,
  mapLink,
  phoneLink,
  shown,
  webLink,
  websiteOf,
} from "../src/cards/places.ts";
import {
  asksAgain,
  choicesAfter,
  hasTwins,
  isPollClosed,
  optionsOf,
  writtenOptions,
} from "../src/cards/polls.ts";

const poll: PollBody = {
  question: "Where?",
  options: ["Bar", "Park", "Home"],
  multiple: false,
  anonymous: false,
  closes: null,
};

test("options show how many of those who voted chose them", () => {
  const tally = { counts: [2, 1, 0], voters: 3, closed: null };
  expect(optionsOf(poll, tally).map(({ count, percent }) => [count, percent])).toEqual([
    [2, 67],
    [1, 33],
    [0, 0],
  ]);
  expect(optionsOf(poll, null)[0]).toEqual({ text: "Bar", count: 0, percent: 0 });
});

test("a poll is closed by hand or by its time", () => {
  const closed = { counts: [], voters: 0, closed: 5 };
  expect(isPollClosed(poll, null, 9)).toBe(false);
  expect(isPollClosed(poll, closed, 9)).toBe(true);
  expect(isPollClosed({ ...poll, closes: 10 }, null, 9)).toBe(false);
  expect(isPollClosed({ ...poll, closes: 9 }, null, 9)).toBe(true);
});

test("choosing again takes back, and one choice takes the place of another", () => {
  expect(choicesAfter(poll, [], 1)).toEqual([1]);
  expect(choicesAfter(poll, [1], 2)).toEqual([2]);
  expect(choicesAfter(poll, [1], 1)).toEqual([]);
  const several = { ...poll, multiple: true };
  expect(choicesAfter(several, [2], 0)).toEqual([0, 2]);
  expect(choicesAfter(several, [0, 2], 2)).toEqual([0]);
});

test("each vote makes others ask for their own choice in small rooms only", () => {
  expect([2, 100, 101].map((members) => asksAgain({ class: "social", members }))).toEqual([
    ...[true, true, false],
  ]);
  expect(asksAgain({ class: "public", members: 0 })).toBe(false);
});

test("a poll has at least two answers, and no two are the same", () => {
  expect(writtenOptions([" Bar", "", "Park "])).toEqual(["Bar", "Park"]);
  expect(writtenOptions(["Bar", " "])).toBeNull();
  expect(writtenOptions(["Bar", "Bar "])).toBeNull();
  expect([hasTwins(["Bar", "Bar "]), hasTwins(["Bar", "", " "])]).toEqual([true, false]);
});

test("degrees are typed with a point or a comma, and lie on the earth", () => {
  expect(degreesOf(" 45.4642000 ", 90)).toBe("45.4642");
  expect(degreesOf("9,19", 180)).toBe("9.19");
  expect(degreesOf("-0.00000001", 90)).toBe("0");
  expect(shown(-9.123456789)).toBe("-9.1234568");
  for (const wrong of ["", "x", "90.1", "1e1", "+1", "1.", "91"]) {
    expect(degreesOf(wrong, 90), wrong).toBeNull();
  }
});

test("links lead to maps, to the web and to a telephone, and nowhere else", () => {
  expect(mapLink("45.4642,-9.19")).toBe(
    "https://www.openstreetmap.org/?mlat=45.4642&mlon=-9.19#map=17/45.4642/-9.19",
  );
  expect(geoLink("45.4642,9.19")).toBe("geo:45.4642,9.19");
  for (const wrong of ["", "1", "1,2,3", "91,0", "<,>"]) expect(mapLink(wrong), wrong).toBeNull();
  expect(webLink("https://a.example/x")).toBe("https://a.example/x");
  for (const wrong of ["javascript:alert(1)", "https://a@b.example", "//a.example", "a.example"]) {
    expect(webLink(wrong), wrong).toBeNull();
  }
  expect(phoneLink("+39 (02) 12-34")).toBe("tel:+39021234");
});

test("a website is typed with its scheme or without", () => {
  expect(websiteOf("gilli.example/menu")).toBe("https://gilli.example/menu");
  expect(websiteOf("http://gilli.example")).toBe("http://gilli.example");
  expect(websiteOf("gilli.example:8080")).toBe("https://gilli.example:8080");
  for (const wrong of [
    "gilli",
    "javascript:alert(1)",
    "giulia@gilli.example",
    "a b.example",
    ".",
  ]) {
    expect(websiteOf(wrong), wrong).toBeNull();
  }
});
