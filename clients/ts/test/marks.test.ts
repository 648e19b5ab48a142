import { describe, expect, test } from "vitest";
import type { Entry, EntryKind, PinList } from "../src/protocol.ts";
import { isHidden, messageText, NOBODY } from "../src/store/changes.ts";
import { pinsAfter } from "../src/store/marks.ts";
import { FakeServer, OTHER, ROOM, settled } from "./fake.ts";
import { start } from "./start.ts";

function serverWith(count: number): FakeServer {
  const server = new FakeServer();
  for (let number = 1; number <= count; number += 1) server.write(String(number));
  server.read = count;
  return server;
}

function entry(position: number, kind: EntryKind): Entry {
  return { position, time: position, kind };
}

function pinned(position: number, message: number, on: boolean): Entry {
  const value = { message, number: message, by: OTHER, pinned: on };
  return entry(position, { type: "pinned", value });
}

describe("what this person hides", () => {
  test("is gone from what is here and from pages that come later", async () => {
    const server = serverWith(120);
    const { client } = start(server);
    await client.open(ROOM);
    const flag = (position: number) => {
      const at = { room: ROOM, position, number: position };
      server.link.event({ type: "flagged", value: { ...at, flag: { type: "hidden" }, on: true } });
    };
    flag(120);
    flag(30);
    await settled();
    const view = () => client.room(ROOM).getSnapshot();
    const shown = (position: number) => {
      const kind = view()?.entries.find((each) => each.position === position)?.kind;
      return kind?.type === "message" && !isHidden(kind.value) ? messageText(kind.value) : null;
    };
    expect([shown(119), shown(120)]).toEqual(["119", null]);
    await client.loadOlder(ROOM);
    expect([shown(29), shown(30)]).toEqual(["29", null]);
    // An edit does not bring it back.
    const body = { type: "text", value: { text: "again" } } as const;
    const value = { message: 120, number: 120, revision: 1, replaces: 0, body, mentions: NOBODY };
    const edited = entry(121, { type: "edited", value });
    server.entries.push(edited);
    server.tell(edited);
    await settled();
    expect(shown(120)).toBeNull();
  });
});

describe("pins", () => {
  test("follow the log, in order", () => {
    const taking = (list: PinList | null, entries: readonly Entry[]) =>
      list && pinsAfter(list, entries);
    const positions = (list: PinList | null) => list?.pins.map((pin) => pin.message);
    const begin: PinList = { pins: [], head: 4 };
    // What the answer has already counts once.
    const two = taking(begin, [pinned(4, 1, true), pinned(5, 2, true), pinned(6, 3, true)]);
    expect(positions(two)).toEqual([2, 3]);
    const other = taking(two, [pinned(7, 2, false), pinned(8, 1, true)]);
    expect(positions(other)).toEqual([3, 1]);
    const value = { message: 3, number: 3, replaces: 0, by: null, thread: null };
    const last = taking(other, [entry(9, { type: "deleted", value })]);
    expect(positions(last)).toEqual([1]);
    expect(taking(last, [pinned(9, 7, true)])).toBe(last);
    // Something is missing: it is asked for again.
    expect(taking(last, [pinned(11, 7, true)])).toBeNull();
  });
});
