/** Back goes one step up, whatever way led there. */

import { roomId } from "@caffis/chat";
import { expect, test } from "vitest";
import {
  type Browser,
  hashOf,
  Navigator,
  pathOf,
  pathOfHash,
  routeOf,
  stepsBetween,
} from "../src/app/route.ts";

const A = roomId("00000000000000a1");
const B = roomId("00000000000000b2");
const NOTHING = { room: null, details: false, thread: null, dialog: null };

/** A browser's history, which goes back when it is told that time has passed. */
class FakeBrowser implements Browser {
  entries: { state: unknown; hash: string }[];
  at = 0;
  #moved = () => {};
  #waiting = 0;

  constructor(hash = "", entries?: { state: unknown; hash: string }[]) {
    this.entries = entries ?? [{ state: null, hash }];
    this.at = this.entries.length - 1;
  }

  state = () => this.entries[this.at]?.state;
  hash = () => this.entries[this.at]?.hash ?? "";
  push(state: unknown, hash: string) {
    this.entries.splice(this.at + 1);
    this.entries.push({ state, hash });
    this.at += 1;
  }
  replace(state: unknown, hash: string) {
    this.entries[this.at] = { state, hash };
  }
  back(entries: number) {
    this.#waiting += entries;
  }
  onMoved(moved: () => void) {
    this.#moved = moved;
  }
  /** The browser has gone where it was told to. */
  settle() {
    while (this.#waiting > 0) {
      this.at -= this.#waiting;
      this.#waiting = 0;
      this.#moved();
    }
  }
  /** The person goes back or forth. */
  moves(by: number) {
    this.at += by;
    this.#moved();
    this.settle();
  }
  hashes = () => this.entries.slice(0, this.at + 1).map(({ hash }) => hash);
}

function page(browser = new FakeBrowser()) {
  const navigator = new Navigator(browser);
  browser.settle();
  const go = (change: Parameters<Navigator["go"]>[0]) => {
    navigator.go(change);
    browser.settle();
  };
  return { browser, navigator, go, shown: navigator.getSnapshot };
}

test("paths and addresses name the same", () => {
  const path = pathOf({ room: A, details: true, thread: null, dialog: "leave" });
  expect(path).toEqual(["list", `room ${A}`, "details", "dialog leave"]);
  expect(routeOf(path)).toEqual({ room: A, details: true, thread: null, dialog: "leave" });
  expect(hashOf(path)).toBe(`#/room/${A}/details`);
  expect(pathOfHash(hashOf(path))).toEqual(path.slice(0, 3));
  expect(pathOfHash("#/room/nonsense")).toEqual(["list"]);
  expect(stepsBetween(path, pathOf({ ...NOTHING, room: B }))).toEqual({
    back: 3,
    forward: [`room ${B}`],
  });
});

test("Back right after a window was closed leaves the room, also if the browser makes one move of both", () => {
  const { browser, navigator, go, shown } = page();
  go({ room: A });
  go({ dialog: "describe" });
  navigator.go({ dialog: null });
  browser.back(1);
  browser.settle();
  expect(shown()).toEqual(NOTHING);
  expect(browser.at).toBe(0);
  go({ room: B });
  expect(browser.hashes()).toEqual(["#/", `#/room/${B}`]);
});

test("Back closes the window, then the details, then the room, then leaves", () => {
  const { browser, go, shown } = page();
  go({ room: A });
  go({ details: true });
  go({ dialog: "leave" });
  expect(browser.hashes()).toEqual([
    "#/",
    `#/room/${A}`,
    `#/room/${A}/details`,
    `#/room/${A}/details`,
  ]);
  browser.moves(-1);
  expect(shown()).toEqual({ room: A, details: true, thread: null, dialog: null });
  browser.moves(-1);
  expect(shown()).toEqual({ room: A, details: false, thread: null, dialog: null });
  browser.moves(-1);
  expect(shown()).toEqual(NOTHING);
  expect(browser.at).toBe(0);
});

test("a room that was left by the button in the page is not reopened by Back", () => {
  const { browser, go, shown } = page();
  go({ room: A });
  go({ room: null });
  expect([shown().room, browser.at]).toEqual([null, 0]);
  go({ room: B });
  browser.moves(-1);
  expect(shown().room).toBeNull();
});

test("another room takes the place of the one before, and its details stay", () => {
  const { browser, go, shown } = page();
  go({ room: A });
  go({ details: true });
  go({ room: B });
  expect(shown()).toEqual({ room: B, details: true, thread: null, dialog: null });
  expect(browser.hashes()).toEqual(["#/", `#/room/${B}`, `#/room/${B}/details`]);
  browser.moves(-1);
  browser.moves(-1);
  expect(shown()).toEqual(NOTHING);
});

test("what is done while the browser goes back counts", () => {
  const { browser, navigator, shown } = page();
  navigator.go({ room: A });
  navigator.go({ dialog: "new" });
  navigator.go({ dialog: null });
  navigator.go({ room: B });
  navigator.go({ details: true });
  expect(shown()).toEqual({ room: B, details: true, thread: null, dialog: null });
  browser.settle();
  expect(browser.hashes()).toEqual(["#/", `#/room/${B}`, `#/room/${B}/details`]);
  expect(shown()).toEqual({ room: B, details: true, thread: null, dialog: null });
});

test("a reload keeps the room and closes the window, and Back still works", () => {
  const before = page();
  before.go({ room: A });
  before.go({ dialog: "settings" });
  const { browser, shown } = page(new FakeBrowser("", before.browser.entries));
  expect(shown()).toEqual({ ...NOTHING, room: A });
  expect(browser.at).toBe(1);
  browser.moves(-1);
  expect(shown()).toEqual(NOTHING);
});

test("an address leads to the room, with the list below it", () => {
  const { browser, shown } = page(new FakeBrowser(`#/room/${A}`));
  expect(shown().room).toBe(A);
  browser.moves(-1);
  expect(shown()).toEqual(NOTHING);
});

test("an address that is changed by hand is followed", () => {
  const { browser, go, shown } = page();
  go({ room: A });
  browser.push(null, `#/room/${B}`);
  browser.moves(0);
  expect(shown().room).toBe(B);
  browser.moves(-1);
  expect(shown()).toEqual(NOTHING);
});
