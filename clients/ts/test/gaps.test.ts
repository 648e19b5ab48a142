/** Lanes reorder, entries overtake answers, backups lose entries: the copy is complete in the end. */

import { describe, expect, test } from "vitest";
import type { ChatClient } from "../src/client/client.ts";
import { messageText } from "../src/store/changes.ts";
import { FakeServer, ROOM, settled } from "./fake.ts";
import { count, refusal, start } from "./start.ts";

function room(client: ChatClient) {
  const view = client.room(ROOM).getSnapshot();
  if (!view) throw new Error("the room is not known");
  return view;
}

function texts(client: ChatClient): (string | null)[] {
  const { entries } = room(client);
  return entries.map(({ kind }) => (kind.type === "message" ? messageText(kind.value) : null));
}

function numbers(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, i) => String(from + i));
}

/** A server whose person has read all of so many messages. */
function serverWith(messages: number): FakeServer {
  const server = new FakeServer();
  for (const text of numbers(1, messages)) server.write(text);
  server.read = messages;
  return server;
}

describe("a copy is complete in the end", () => {
  test("when an entry overtakes the answer to a resume", async () => {
    const server = serverWith(1);
    const { client } = start(server);
    await client.open(ROOM);
    server.late = (command) => command.type === "resume";
    server.write("2");
    server.tell(server.write("3"));
    await settled();
    // Written after the answer was made, and delivered before it.
    server.tell(server.write("4"));
    await settled();
    server.late = () => false;
    server.release();
    await settled();
    expect(texts(client)).toEqual(numbers(1, 4));
  });

  test("when behind comes while a resume is under way", async () => {
    const server = serverWith(1);
    const { client } = start(server);
    await client.open(ROOM);
    server.late = (command) => command.type === "resume";
    server.write("2");
    server.tell(server.write("3"));
    await settled();
    server.write("4");
    server.link.event({ type: "behind", value: { room: ROOM, head: 4, number: 4, preview: null } });
    await settled();
    server.late = () => false;
    server.release();
    await settled();
    expect(texts(client)).toEqual(numbers(1, 4));
  });

  test("when entries arrive before the answer to open", async () => {
    const server = serverWith(3);
    server.late = (command) => command.type === "open";
    const { client, timers } = start(server);
    const opened = client.open(ROOM);
    await timers.advance(10);
    server.tell(server.write("4"));
    server.tell(server.write("5"));
    await settled();
    expect(room(client).summary).toMatchObject({ head: 5, number: 5, unread: 2 });
    server.late = () => false;
    server.release();
    await opened;
    await settled();
    expect(texts(client)).toEqual(numbers(1, 5));
    expect(room(client).summary).toMatchObject({ head: 5, number: 5, unread: 2 });
  });

  test("when a page of history on a late lane knows of more than the copy", async () => {
    const server = serverWith(120);
    const { client } = start(server);
    await client.open(ROOM);
    // Only the page tells of it.
    server.write("121");
    server.late = (command) => command.type === "history";
    const loaded = client.loadOlder(ROOM);
    await settled();
    server.tell(server.write("122"));
    await settled();
    server.release();
    await loaded;
    await settled();
    expect(texts(client).at(-1)).toBe("122");
    expect(texts(client)).toEqual(numbers(123 - texts(client).length, 122));
  });

  test("when a page of history is the only one to know of more", async () => {
    const server = serverWith(120);
    const { client } = start(server);
    await client.open(ROOM);
    server.write("121");
    await client.loadOlder(ROOM);
    await settled();
    expect(texts(client).at(-1)).toBe("121");
  });

  test("when a summary is the only one to know of more", async () => {
    const server = serverWith(1);
    const { client } = start(server);
    await client.open(ROOM);
    server.write("2");
    await client.close(ROOM);
    await client.open(ROOM);
    await settled();
    expect(texts(client)).toEqual(numbers(1, 2));
  });

  test("when the server answers a resume with less than it has announced", async () => {
    const server = serverWith(1);
    const { client, timers } = start(server);
    await client.open(ROOM);
    const behind = { room: ROOM, head: 2, number: 2, preview: null };
    server.link.event({ type: "behind", value: behind });
    await timers.advance(1_000);
    const asked = count(server, "resume");
    expect(asked).toBeGreaterThan(1);
    expect(asked).toBeLessThan(6);
    server.write("2");
    await timers.advance(2_000);
    expect(texts(client)).toEqual(numbers(1, 2));
  });

  test("but a server that never gives what it announced is not asked for ever", async () => {
    const server = serverWith(1);
    const { client, timers } = start(server);
    await client.open(ROOM);
    const behind = { room: ROOM, head: 2, number: 2, preview: null };
    server.link.event({ type: "behind", value: behind });
    await timers.advance(600_000);
    const asked = count(server, "resume");
    expect(asked).toBeLessThan(20);
    await timers.advance(600_000);
    expect(count(server, "resume")).toBe(asked);
    server.write("2");
    server.link.event({ type: "behind", value: behind });
    await settled();
    expect(texts(client)).toEqual(numbers(1, 2));
  });

  test("when the room cannot be read for a while", async () => {
    const server = serverWith(1);
    const { client, timers } = start(server);
    await client.open(ROOM);
    server.standing = "later";
    server.link.cut();
    server.write("2");
    await timers.advance(60_000);
    expect(count(server, "resume")).toBeLessThan(20);
    server.standing = "complete";
    await timers.advance(16_000);
    expect(texts(client)).toEqual(numbers(1, 2));
  });

  test("when a resume is refused and the next event asks again", async () => {
    const server = serverWith(1);
    const { client } = start(server);
    await client.open(ROOM);
    server.refuse = (command) => (command.type === "resume" ? refusal("internal") : null);
    server.write("2");
    server.tell(server.write("3"));
    await settled();
    server.refuse = () => null;
    server.tell(server.write("4"));
    await settled();
    expect(texts(client)).toEqual(numbers(1, 4));
  });
});

test("a summary that entries have overtaken takes nothing back", async () => {
  const server = serverWith(1);
  const { client } = start(server);
  await client.open(ROOM);
  const older = server.summary();
  server.tell(server.write("2"));
  await settled();
  server.link.event({ type: "room_added", value: { ...older, name: "Domenica" } });
  await settled();
  expect(room(client).summary).toMatchObject({ name: "Domenica", head: 2, number: 2, unread: 1 });
});

describe("a server that was restored from a backup", () => {
  test("sets the head: new entries at old positions arrive", async () => {
    const server = serverWith(9);
    const { client, timers } = start(server);
    await client.open(ROOM);
    client.markRead(ROOM, 9);
    await settled();
    server.link.cut();
    server.entries.splice(5);
    server.read = 5;
    server.standing = "reset";
    await timers.advance(1_000);
    server.standing = "complete";
    expect(texts(client)).toEqual(numbers(1, 5));
    server.tell(server.write("new"));
    await settled();
    expect(texts(client).at(-1)).toBe("new");
    expect(room(client).summary).toMatchObject({ head: 6, number: 6, read: 5, unread: 1 });
    client.markRead(ROOM, 6);
    await settled();
    expect(server.read).toBe(6);
  });

  test("decides what is unread, although this client had read further", async () => {
    const server = serverWith(9);
    const { client, timers } = start(server);
    await client.open(ROOM);
    await client.close(ROOM);
    server.link.cut();
    server.entries.splice(5);
    server.write("new");
    server.read = 5;
    server.standing = "reset";
    await timers.advance(1_000);
    expect(room(client).summary).toMatchObject({ head: 6, number: 6, read: 5, unread: 1 });
  });
});

describe("a room with much that is unread", () => {
  test("begins around the first unread message and goes on to the end without a gap", async () => {
    const server = serverWith(1_000);
    server.read = 400;
    const { client } = start(server);
    await client.open(ROOM);
    expect(texts(client)).toContain("401");
    expect(room(client)).toMatchObject({ moreBefore: true, moreAfter: true });
    expect(texts(client).length).toBeLessThan(150);
    // New messages are counted now and loaded when the person gets there.
    server.tell(server.write("1001"));
    await settled();
    expect(texts(client)).not.toContain("1001");
    expect(room(client).summary).toMatchObject({ number: 1_001, unread: 601 });
    while (room(client).moreAfter) await client.loadNewer(ROOM);
    expect(texts(client)).toEqual(numbers(1_002 - texts(client).length, 1_001));
    server.tell(server.write("1002"));
    await settled();
    expect(texts(client).at(-1)).toBe("1002");
    expect(count(server, "resume")).toBe(0);
  });

  test("finds the first unread message before entries that are no messages", async () => {
    const server = serverWith(300);
    server.read = 100;
    for (const entry of server.entries) {
      if (entry.position > 150 && entry.position <= 250) {
        const value = { user: "x" as never, role: "member" as const, by: null };
        Object.assign(entry, { kind: { type: "role", value } });
      } else if (entry.kind.type === "message" && entry.position > 250) {
        Object.assign(entry.kind.value, { number: entry.position - 100 });
      }
    }
    server.numbered = 200;
    const { client } = start(server);
    await client.open(ROOM);
    expect(texts(client)).toContain("101");
  });

  test("joins both pages where they touch", async () => {
    const server = serverWith(200);
    server.read = 130;
    const { client } = start(server);
    await client.open(ROOM);
    expect(texts(client)).toContain("131");
    expect(texts(client).at(-1)).toBe("200");
    expect(room(client).moreAfter).toBe(false);
  });

  test("stays where one reads over a reconnect, and jumps to the end when asked", async () => {
    const server = serverWith(1_000);
    server.read = 400;
    const { client, timers } = start(server);
    await client.open(ROOM);
    const before = texts(client);
    server.link.cut();
    server.write("1001");
    await timers.advance(1_000);
    expect(texts(client)).toEqual(before);
    await client.loadLatest(ROOM);
    expect(texts(client)).toEqual(numbers(902, 1_001));
    expect(room(client).moreAfter).toBe(false);
    server.tell(server.write("1002"));
    await settled();
    expect(texts(client).at(-1)).toBe("1002");
  });

  test("shows what this person writes in its place once the end is loaded", async () => {
    const server = serverWith(1_000);
    server.read = 400;
    const { client } = start(server);
    await client.open(ROOM);
    client.send(ROOM, "mine");
    await settled();
    expect(room(client).pending).toMatchObject([{ state: "sent" }]);
    await client.loadLatest(ROOM);
    expect(room(client).pending).toEqual([]);
    expect(texts(client).at(-1)).toBe("mine");
  });
});

test("a client belongs to one person: a token of another person ends it", async () => {
  const server = serverWith(1);
  const { client, timers } = start(server);
  await timers.advance(10);
  server.down = true;
  server.link.cut();
  client.send(ROOM, "private");
  server.user = "marco";
  server.down = false;
  await timers.advance(30_000);
  expect(client.connection.getSnapshot().phase).toBe("ended");
  expect(count(server, "send")).toBe(0);
});

describe("a room that the server cannot read", () => {
  test("keeps what is known of it, and is asked for until it can be read", async () => {
    const server = serverWith(3);
    const { client, timers } = start(server);
    await client.open(ROOM);
    server.readable = false;
    server.standing = "later";
    server.link.cut();
    await timers.advance(1_000);
    expect(room(client).summary).toMatchObject({ readable: false, name: "Sabato", number: 3 });
    expect(texts(client)).toEqual(numbers(1, 3));
    await timers.advance(300_000);
    const asked = count(server, "rooms");
    expect(asked).toBeGreaterThan(3);
    expect(asked).toBeLessThan(12);
    server.readable = true;
    server.standing = "complete";
    server.write("4");
    await timers.advance(60_000);
    expect(room(client).summary.readable).toBe(true);
    expect(texts(client)).toEqual(numbers(1, 4));
    await timers.advance(300_000);
    expect(count(server, "rooms")).toBeLessThanOrEqual(asked + 1);
  });

  test("is opened again once it can be, although a reconnect found it unreadable", async () => {
    const server = serverWith(3);
    const { client, timers } = start(server);
    await client.open(ROOM);
    server.refuse = (command) => (command.type === "open" ? refusal("internal") : null);
    server.link.cut();
    await timers.advance(60_000);
    expect(count(server, "open")).toBeGreaterThan(3);
    expect(count(server, "open")).toBeLessThan(16);
    server.refuse = () => null;
    await timers.advance(16_000);
    const opened = count(server, "open");
    await timers.advance(60_000);
    expect(count(server, "open")).toBe(opened);
    expect(room(client).open).toBe(true);
  });

  test("can be opened again at once after it was refused", async () => {
    const server = serverWith(3);
    server.refuse = (command) => (command.type === "open" ? refusal("internal") : null);
    const { client } = start(server);
    await expect(client.open(ROOM)).rejects.toMatchObject({ code: "internal" });
    server.refuse = () => null;
    // As a page does that shows the same room once more.
    void client.close(ROOM);
    await client.open(ROOM);
    expect(texts(client)).toEqual(numbers(1, 3));
  });

  test("is listed as such, and asked for at once when the person wants it", async () => {
    const server = serverWith(3);
    server.readable = false;
    const { client, timers } = start(server);
    await timers.advance(10);
    expect(room(client).summary).toMatchObject({ readable: false, unread: 0 });
    server.readable = true;
    await client.retryRooms();
    expect(room(client).summary).toMatchObject({ readable: true, name: "Sabato", head: 3 });
  });
});
