/** How far a person has read goes back when another device marks messages as unread, and only then. */

import { describe, expect, test } from "vitest";
import type { ChatClient } from "../src/client/client.ts";
import { FakeServer, ROOM, settled } from "./fake.ts";
import { count, start } from "./start.ts";

/** A server whose person has read all of five messages. */
function serverWithFive(): FakeServer {
  const server = new FakeServer();
  for (let i = 1; i <= 5; i += 1) server.write(String(i));
  server.read = 5;
  return server;
}

/** What the person's read number is, and how many messages come after it. */
function reading(client: ChatClient) {
  const { read, unread } = client.room(ROOM).getSnapshot()?.summary ?? {};
  return { read, unread };
}

async function ownRead(server: FakeServer, read: number, unread: number): Promise<void> {
  server.read = read;
  server.link.event({ type: "own_read", value: { room: ROOM, read, unread, mutedUntil: null } });
  await settled();
}

/** A client whose mark of all five messages waits for its answer. */
async function markOnItsWay(server: FakeServer): Promise<ChatClient> {
  server.read = 0;
  const { client, timers } = start(server);
  await timers.advance(10);
  server.late = (command) => command.type === "mark_read";
  client.markRead(ROOM, 5);
  await settled();
  return client;
}

describe("messages that another device marks as unread", () => {
  test("are unread here too, and can be read again", async () => {
    const server = serverWithFive();
    server.read = 0;
    const { client } = start(server);
    await client.open(ROOM);
    client.markRead(ROOM, 5);
    await settled();
    await ownRead(server, 5, 0);
    await ownRead(server, 2, 3);
    expect(reading(client)).toEqual({ read: 2, unread: 3 });
    expect(client.rooms.getSnapshot().rooms[0]?.unread).toBe(3);
    server.tell(server.write("6"));
    await settled();
    expect(reading(client)).toEqual({ read: 2, unread: 4 });
    client.markRead(ROOM, 5);
    await settled();
    expect(server.read).toBe(5);
    expect(count(server, "mark_read")).toBe(2);
    expect(reading(client)).toEqual({ read: 5, unread: 1 });
  });

  test("are unread after a reconnect", async () => {
    const server = serverWithFive();
    const { client, timers } = start(server);
    await client.open(ROOM);
    server.link.cut();
    server.read = 3;
    await timers.advance(1_000);
    expect(reading(client)).toEqual({ read: 3, unread: 2 });
  });

  test("stay unread when an older summary arrives late", async () => {
    const server = serverWithFive();
    const { client, timers } = start(server);
    await timers.advance(10);
    server.late = (command) => command.type === "open";
    const opened = client.open(ROOM);
    await settled();
    await ownRead(server, 2, 3);
    server.release();
    await opened;
    expect(reading(client)).toEqual({ read: 2, unread: 3 });
  });
});

describe("nothing becomes unread again", () => {
  test("by an event that a mark on its way has overtaken", async () => {
    const server = serverWithFive();
    const client = await markOnItsWay(server);
    server.link.event({
      type: "own_read",
      value: { room: ROOM, read: 2, unread: 3, mutedUntil: null },
    });
    await settled();
    expect(reading(client)).toEqual({ read: 5, unread: 0 });
    server.release();
    await ownRead(server, 5, 0);
    expect(reading(client)).toEqual({ read: 5, unread: 0 });
    await ownRead(server, 2, 3);
    expect(reading(client)).toEqual({ read: 2, unread: 3 });
  });

  test("unless an event has confirmed the mark before its answer came", async () => {
    const server = serverWithFive();
    const client = await markOnItsWay(server);
    await ownRead(server, 5, 0);
    await ownRead(server, 2, 3);
    server.release();
    await settled();
    expect(reading(client)).toEqual({ read: 2, unread: 3 });
  });

  test("by an event from before the person's own message", async () => {
    const server = serverWithFive();
    const { client, timers } = start(server);
    await client.open(ROOM);
    client.send(ROOM, "six");
    await timers.advance(10);
    expect(reading(client)).toEqual({ read: 6, unread: 0 });
    server.link.event({
      type: "own_read",
      value: { room: ROOM, read: 3, unread: 2, mutedUntil: null },
    });
    await settled();
    expect(reading(client)).toEqual({ read: 6, unread: 0 });
    await ownRead(server, 3, 3);
    expect(reading(client)).toEqual({ read: 3, unread: 3 });
  });

  test("by a reconnect while a mark is on its way", async () => {
    const server = serverWithFive();
    server.read = 0;
    const { client, timers } = start(server);
    await timers.advance(10);
    server.down = true;
    server.link.cut();
    client.markRead(ROOM, 5);
    server.refuse = (command) => {
      // The welcome was made before the mark arrived.
      if (command.type === "mark_read") expect(reading(client)).toEqual({ read: 5, unread: 0 });
      return null;
    };
    server.down = false;
    await timers.advance(30_000);
    expect(server.read).toBe(5);
    expect(reading(client)).toEqual({ read: 5, unread: 0 });
  });
});
