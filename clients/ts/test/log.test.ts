import { describe, expect, test } from "vitest";
import type { Entry } from "../src/protocol.ts";
import { append, CLOSED_ENTRIES, cut, HELD_ENTRIES, type Log, prepend } from "../src/store/log.ts";
import { FakeServer, ROOM } from "./fake.ts";
import { start } from "./start.ts";

function entries(from: number, to: number): Entry[] {
  const kind = { type: "unknown", tag: 99, bytes: new Uint8Array(0) } as const;
  return Array.from({ length: to - from + 1 }, (_, i) => ({ position: from + i, time: 0, kind }));
}

function log(from: number, to: number): Log {
  return { entries: entries(from, to), last: to, moreBefore: from > 1 };
}

describe("a copy of a log", () => {
  test("lets its oldest entries go when it is full", () => {
    const { log: after } = append(
      log(1, HELD_ENTRIES),
      entries(HELD_ENTRIES + 1, HELD_ENTRIES + 2),
    );
    expect(after.entries).toHaveLength(HELD_ENTRIES);
    expect(after.entries[0]?.position).toBe(3);
    expect(after).toMatchObject({ last: HELD_ENTRIES + 2, moreBefore: true });
  });

  test("takes of older entries only what fits", () => {
    const page = { entries: entries(1, 10), moreBefore: false, moreAfter: true, head: 0 };
    const after = prepend(log(11, HELD_ENTRIES + 6), page);
    expect(after.entries).toHaveLength(HELD_ENTRIES);
    expect(after.entries[0]?.position).toBe(7);
    expect(after).toMatchObject({ last: HELD_ENTRIES + 6, moreBefore: true });
  });

  test("is left alone when it is small", () => {
    const small = log(1, 3);
    expect(cut(small)).toBe(small);
  });

  test("is short once the room is closed, and can be loaded again", async () => {
    const server = new FakeServer();
    for (let i = 1; i <= CLOSED_ENTRIES + 100; i += 1) server.write(String(i));
    const { client } = start(server);
    const held = () => client.room(ROOM).getSnapshot()?.entries.length;
    const loadAll = async () => {
      while (client.room(ROOM).getSnapshot()?.moreBefore) await client.loadOlder(ROOM);
    };
    await client.open(ROOM);
    await loadAll();
    expect(held()).toBe(CLOSED_ENTRIES + 100);
    await client.close(ROOM);
    expect(held()).toBe(CLOSED_ENTRIES);
    await client.open(ROOM);
    await loadAll();
    expect(held()).toBe(CLOSED_ENTRIES + 100);
  });
});
