import { describe, expect, test } from "vitest";
import { FOR_EVER, type Placement, placementOf } from "../src/index.ts";
import { FakeServer, ME, OTHER, ROOM, settled } from "./fake.ts";
import { count, refusal, start } from "./start.ts";

describe("typing", () => {
  test("is sent at a limited rate and stops with the message", async () => {
    const server = new FakeServer();
    const { client, timers } = start(server);
    await client.open(ROOM);
    for (let i = 0; i < 10; i += 1) {
      client.typing(ROOM, true);
      await timers.advance(500);
    }
    expect(server.link.signals).toHaveLength(2);
    client.send(ROOM, "hello");
    expect(server.link.signals.at(-1)).toMatchObject({ value: { value: { active: false } } });
  });

  test("of others expires, and late signals are dropped", async () => {
    const server = new FakeServer();
    const { client, timers } = start(server);
    await client.open(ROOM);
    const typing = () => client.room(ROOM).getSnapshot()?.typing;
    server.link.typing(5);
    await timers.advance(4_900);
    expect(typing()).toEqual([OTHER]);
    await timers.advance(200);
    expect(typing()).toEqual([]);
    server.link.typing(4);
    await settled();
    expect(typing()).toEqual([]);
  });
});

describe("read and delivered", () => {
  test("are sent once each, only the newest", async () => {
    const server = new FakeServer();
    const { client } = start(server);
    await client.open(ROOM);
    server.tell(server.write("one"));
    server.tell(server.write("two"));
    await settled();
    client.markRead(ROOM, 1);
    client.markRead(ROOM, 2);
    client.markRead(ROOM, 2);
    await settled();
    const marks = server.commands.filter((command) => command.type === "mark_read");
    expect(marks.map((command) => command.value.number)).toEqual([1, 2]);
    expect(client.room(ROOM).getSnapshot()?.summary.unread).toBe(0);
    expect(count(server, "mark_delivered")).toBeGreaterThan(0);
  });

  test("on another device empty the badge here", async () => {
    const server = new FakeServer();
    server.write("one");
    const { client, timers } = start(server);
    await timers.advance(10);
    expect(client.rooms.getSnapshot().rooms[0]?.unread).toBe(1);
    server.link.event({
      type: "own_read",
      value: { room: ROOM, read: 1, unread: 0, mutedUntil: null },
    });
    await settled();
    expect(client.rooms.getSnapshot().rooms[0]?.unread).toBe(0);
  });

  test("a room that is muted on another device is muted here", async () => {
    const server = new FakeServer();
    const { client, timers } = start(server);
    await timers.advance(10);
    const muted = () => client.rooms.getSnapshot().rooms[0]?.mutedUntil;
    expect(muted()).toBeNull();
    const own = { room: ROOM, read: 0, unread: 0 };
    server.link.event({ type: "own_read", value: { ...own, mutedUntil: FOR_EVER } });
    await settled();
    expect(muted()).toBe(FOR_EVER);
    server.link.event({ type: "own_read", value: { ...own, mutedUntil: null } });
    await settled();
    expect(muted()).toBeNull();
  });
});

describe("the places of rooms in the list", () => {
  test("follow what is said on any device, and the next message", async () => {
    const server = new FakeServer();
    server.write("one");
    const { client, timers } = start(server);
    await timers.advance(10);
    const room = () => client.rooms.getSnapshot().rooms[0];
    const shown = (now: number) => {
      const summary = room();
      return summary && placementOf(summary, now);
    };
    const tell = async (placement: Placement, number: number) => {
      server.link.event({ type: "placed", value: { room: ROOM, placed: { placement, number } } });
      await settled();
    };
    expect(shown(0)).toBe("listed");
    for (const placement of ["pinned", "archived", "hidden", "listed"] as const) {
      await tell(placement, 1);
      expect(shown(0)).toBe(placement);
    }
    await tell("archived", 1);
    const own = { room: ROOM, read: 0, unread: 1, mutedUntil: 1000 };
    server.link.event({ type: "own_read", value: own });
    server.tell(server.write("two"));
    await settled();
    // Until the room is no longer muted.
    expect([shown(999), shown(1000)]).toEqual(["archived", "listed"]);
    await tell("hidden", 1);
    expect([shown(999), shown(1000)]).toEqual(["listed", "listed"]);
    await tell("pinned", 1);
    expect(shown(0)).toBe("pinned");
  });
});

describe("the presence of others", () => {
  test("counts by version within a session, and anew in the next", async () => {
    const server = new FakeServer();
    const { client, timers } = start(server);
    await timers.advance(10);
    const tell = async (version: number, availability: "online" | "away") => {
      const value = { user: OTHER, version, availability, lastSeen: null, status: null };
      server.link.event({ type: "presence", value });
      await settled();
      return client.people.getSnapshot().presence.get(OTHER)?.availability;
    };
    expect(await tell(7, "online")).toBe("online");
    expect(await tell(6, "away")).toBe("online");
    server.link.cut();
    await timers.advance(1_000);
    expect(client.people.getSnapshot().presence.get(OTHER)?.availability).toBe("online");
    expect(await tell(2, "away")).toBe("away");
  });
});

describe("one's own presence", () => {
  const presences = (server: FakeServer) =>
    server.commands
      .filter((command) => command.type === "set_presence")
      .map(({ value }) => [value.availability, value.status]);

  test("is away while nobody looks, or while the person says so", async () => {
    const server = new FakeServer();
    const { client, timers } = start(server);
    await timers.advance(10);
    client.setActive(false);
    client.setActive(true);
    await client.setAway(true);
    client.setActive(false);
    client.setActive(true);
    await client.setAway(false);
    expect(presences(server).map(([availability]) => availability)).toEqual([
      "away",
      "online",
      "away",
      "away",
      "away",
      "online",
    ]);
    expect(client.people.getSnapshot().presence.get(ME)?.availability).toBe("online");
  });

  test("stays away over a reconnect", async () => {
    const server = new FakeServer();
    const { client, timers } = start(server);
    await timers.advance(10);
    await client.setAway(true);
    server.link.cut();
    await timers.advance(1_000);
    expect(presences(server)).toEqual([
      ["away", null],
      ["away", null],
    ]);
  });

  test("includes the status text, which a refusal leaves as it was", async () => {
    const server = new FakeServer();
    const { client } = start(server);
    await client.setStatus("at the counter");
    expect(client.own.getSnapshot().status).toBe("at the counter");
    expect(client.people.getSnapshot().presence.get(ME)?.status).toBe("at the counter");
    server.refuse = () => refusal("text_not_allowed");
    await expect(client.setStatus("\u202e")).rejects.toThrow("text_not_allowed");
    await expect(client.setAway(true)).rejects.toThrow();
    expect(client.own.getSnapshot()).toMatchObject({ status: "at the counter", away: false });
    server.refuse = () => null;
    await client.setStatus("");
    expect(client.own.getSnapshot().status).toBeNull();
  });

  test("is taken from the welcome on every connection", async () => {
    const server = new FakeServer();
    const { presence } = server.own;
    server.own = { presence: { ...presence, status: "back on Monday" }, privateReceipts: true };
    const { client, timers } = start(server);
    await timers.advance(10);
    expect(client.own.getSnapshot()).toEqual({
      away: false,
      status: "back on Monday",
      privateReceipts: true,
    });
    expect(client.people.getSnapshot().presence.get(ME)?.status).toBe("back on Monday");
    expect(count(server, "members")).toBe(0);
    server.link.cut();
    server.own = { presence, privateReceipts: false };
    await timers.advance(1_000);
    expect(client.own.getSnapshot()).toMatchObject({ status: null, privateReceipts: false });
  });

  test("follows other devices and ignores older states", async () => {
    const server = new FakeServer();
    const { client, timers } = start(server);
    await timers.advance(10);
    const older = server.own;
    const { presence } = older;
    server.changeOwn({
      presence: { ...presence, availability: "away", status: "on the train" },
      privateReceipts: true,
    });
    await settled();
    const now = { away: false, status: "on the train", privateReceipts: true };
    expect(client.own.getSnapshot()).toEqual(now);
    expect(client.people.getSnapshot().presence.get(ME)?.availability).toBe("away");
    server.link.event({ type: "own_state", value: older });
    await settled();
    expect(client.own.getSnapshot()).toEqual(now);
  });

  test("is what the server says: away on one device is not away while another is there", async () => {
    const server = new FakeServer();
    const { client, timers } = start(server);
    await timers.advance(10);
    server.elsewhere = true;
    await client.setAway(true);
    await settled();
    expect(client.own.getSnapshot().away).toBe(true);
    expect(client.people.getSnapshot().presence.get(ME)?.availability).toBe("online");
  });

  test("is what came last when two devices choose at once", async () => {
    const server = new FakeServer();
    const { client, timers } = start(server);
    await timers.advance(10);
    // The other device chooses after this one, and its event overtakes this one's answer.
    server.cutBeforeReply = (command) => {
      if (command.type === "set_preferences") {
        const { presence } = server.own;
        const later = { ...presence, version: presence.version + 1 };
        const value = { presence: later, privateReceipts: false };
        server.link.event({ type: "own_state", value });
      }
      return false;
    };
    await client.setPrivateReceipts(true);
    await settled();
    expect(client.own.getSnapshot().privateReceipts).toBe(false);
  });

  test("keeps receipts private once the server knows", async () => {
    const server = new FakeServer();
    const { client, timers } = start(server);
    await timers.advance(10);
    server.refuse = () => refusal("unavailable");
    await expect(client.setPrivateReceipts(true)).rejects.toThrow();
    expect(client.own.getSnapshot().privateReceipts).toBe(false);
    server.refuse = () => null;
    await client.setPrivateReceipts(true);
    expect(client.own.getSnapshot().privateReceipts).toBe(true);
  });
});
