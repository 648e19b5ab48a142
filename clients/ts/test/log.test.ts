import { describe, expect, test } from "vitest";
import type { Entry, EntryPage } from "../src/protocol.ts";
import {
  append,
  CLOSED_ENTRIES,
  cut,
  HELD_ENTRIES,
  JOINED_ENTRIES,
  joinLatest,
  type Log,
  prepend,
} from "../src/store/log.ts";
import { FakeServer, ROOM } from "./fake.ts";
import { start } from "./start.ts";

function entries(from: number, to: number): Entry[] {
  const kind = { type: "unknown", tag: 99, bytes: new Uint8Array(0) } as const;
  return Array.from({ length: to - from + 1 }, (_, i) => ({ position: from + i, time: 0, kind }));
}

function log(from: number, to: number): Log {
  return { entries: entries(from, to), last: to, moreBefore: from > 1, moreAfter: false };
}

function page(from: number, to: number): EntryPage {
  return { entries: entries(from, to), moreBefore: from > 1, moreAfter: false, head: to };
}

function positions({ entries }: { entries: readonly Entry[] }): number[] {
  return entries.map(({ position }) => position);
}

describe("a copy of a log", () => {
  test("drops its oldest entries when it is full", () => {
    const { log: after } = append(
      log(1, HELD_ENTRIES),
      entries(HELD_ENTRIES + 1, HELD_ENTRIES + 2),
    );
    expect(after.entries).toHaveLength(HELD_ENTRIES);
    expect(after.entries[0]?.position).toBe(3);
    expect(after).toMatchObject({ last: HELD_ENTRIES + 2, moreBefore: true });
  });

  test("takes only as many older entries as fit", () => {
    const after = prepend(log(11, HELD_ENTRIES + 6), page(1, 10));
    expect(after.entries).toHaveLength(HELD_ENTRIES);
    expect(after.entries[0]?.position).toBe(7);
    expect(after).toMatchObject({ last: HELD_ENTRIES + 6, moreBefore: true });
  });

  test("takes what follows, skips what it has and stops at a gap", () => {
    const { log: after, added } = append(log(3, 4), [...entries(4, 5), ...entries(7, 7)]);
    expect(positions(after)).toEqual([3, 4, 5]);
    expect(positions({ entries: added })).toEqual([5]);
  });

  test("takes an older page only where it touches", () => {
    expect(positions(prepend(log(5, 6), page(3, 5)))).toEqual([3, 4, 5, 6]);
    expect(positions(prepend(log(5, 6), page(1, 2)))).toEqual([5, 6]);
  });

  test("is replaced by a last page only where it is far behind it", () => {
    const far = JOINED_ENTRIES + 4;
    expect(positions(joinLatest(log(1, 2), page(far, far)).log)).toEqual([far]);
    expect(positions(joinLatest(log(1, 2), page(far - 1, far - 1)).log)).toEqual([1, 2]);
    expect(positions(joinLatest(log(1, 2), page(2, 3)).log)).toEqual([1, 2, 3]);
    const further = { ...log(1, 2), moreAfter: true };
    expect(positions(joinLatest(further, page(far, far)).log)).toEqual([1, 2]);
  });

  test("is left alone when it is small", () => {
    const small = log(1, 3);
    expect(cut(small)).toBe(small);
  });

  test("is short once the room is closed, and can be loaded again", async () => {
    const server = new FakeServer();
    for (let i = 1; i <= CLOSED_ENTRIES + 100; i += 1) server.write(String(i));
    server.read = CLOSED_ENTRIES + 100;
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
