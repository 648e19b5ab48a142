import { afterEach, describe, expect, test, vi } from "vitest";
import { useMarkRead, useRoom } from "../src/index.ts";
import { numberToMark, pastHidden } from "../src/useMarkRead.ts";
import { message, own, reply } from "./entries.ts";
import { step, use } from "./render.tsx";
import { ChatServer, ME, ROOM, start } from "./server.ts";

describe("what is marked", () => {
  const theirs = (...positions: number[]) => positions.map((position) => message(position));

  test("is what was seen, also a part of what is unread", () => {
    expect(numberToMark(theirs(1, 2, 3), ME, 2, 0)).toBe(2);
    expect(numberToMark(theirs(1, 2, 3), ME, 3, 2)).toBe(3);
    expect(numberToMark(theirs(1, 2, 3), ME, 3, 3)).toBeNull();
  });

  test("is also what is before a reply of the person", () => {
    expect(numberToMark([message(1), message(2), own(3)], ME, 3, 1)).toBe(3);
    expect(numberToMark([message(1), own(2), message(3), own(4)], ME, 4, 2)).toBe(4);
  });

  test("is nothing where the person alone has written", () => {
    expect(numberToMark([message(1), own(2), own(3)], ME, 3, 1)).toBeNull();
    expect(numberToMark([], ME, 0, 0)).toBeNull();
  });

  test("is with what is before them also the replies that are in threads alone", () => {
    const entries = [message(1), reply(2, 1), message(3), reply(4, 2, true)];
    expect(pastHidden(entries, 1)).toBe(2);
    expect(pastHidden([...entries, reply(5, 3)], 4)).toBe(5);
    expect(pastHidden(entries, 2)).toBe(2);
    expect(pastHidden([message(1), message(2, { body: { type: "hidden" } })], 1)).toBe(2);
  });
});

describe("the person", () => {
  afterEach(() => vi.restoreAllMocks());

  function look(looks: boolean) {
    vi.spyOn(document, "visibilityState", "get").mockReturnValue(looks ? "visible" : "hidden");
    document.dispatchEvent(new Event("visibilitychange"));
  }

  async function reading(server: ChatServer) {
    for (const text of ["one", "two", "three"]) server.write(text);
    const client = start(server);
    await use(useRoom, ROOM, client);
    const hook = await use(useMarkRead, ROOM, client);
    return { hook, marked: () => server.asked("mark_read").map(({ value }) => value.number) };
  }

  test("has read what was in view, and that is said once", async () => {
    const { hook, marked } = await reading(new ChatServer());
    await step(() => hook.now(2));
    await step(() => hook.now(2));
    await step(() => hook.now(1));
    expect(marked()).toEqual([2]);
    await step(() => hook.now(3));
    expect(marked()).toEqual([2, 3]);
    expect(hook.all).toHaveLength(1);
  });

  test("has not read what they do not look at before they come back", async () => {
    const { hook, marked } = await reading(new ChatServer());
    await step(() => look(false));
    await step(() => hook.now(3));
    expect(marked()).toEqual([]);
    await step(() => look(true));
    expect(marked()).toEqual([3]);
  });

  test("has not read what they marked as unread elsewhere before they come back", async () => {
    const server = new ChatServer();
    const { hook, marked } = await reading(server);
    await step(() => hook.now(3));
    const value = { room: ROOM, read: 1, unread: 2, mutedUntil: null };
    await step(() => server.link.event({ type: "own_read", value }));
    await step(() => hook.now(3));
    expect(marked()).toEqual([3]);
    await step(() => look(true));
    expect(marked()).toEqual([3, 3]);
  });

  test("reads nothing more when the room is no longer shown", async () => {
    const { hook, marked } = await reading(new ChatServer());
    await step(() => look(false));
    await step(() => hook.now(3));
    await hook.end();
    await step(() => look(true));
    expect(marked()).toEqual([]);
  });
});
