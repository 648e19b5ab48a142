import { describe, expect, test } from "vitest";
import type { ChatClient } from "../src/client/client.ts";
import { PONG_MAX_MS, PONG_MIN_MS, PongLimit } from "../src/client/heartbeat.ts";
import type { Route } from "../src/link/discover.ts";
import { messageText } from "../src/store/changes.ts";
import { sleep } from "../src/timers.ts";
import { FakeServer, FakeTimers, ROOM, settled } from "./fake.ts";
import { count, refusal, start } from "./start.ts";

function texts(of: ChatClient): (string | null)[] {
  const entries = of.room(ROOM).getSnapshot()?.entries ?? [];
  return entries.map(({ kind }) => (kind.type === "message" ? messageText(kind.value) : null));
}

function pending(of: ChatClient) {
  return of.room(ROOM).getSnapshot()?.pending ?? [];
}

describe("a room", () => {
  test("is opened with its last entries and follows new ones", async () => {
    const server = new FakeServer();
    server.write("one");
    const { client } = start(server);
    await client.open(ROOM);
    server.tell(server.write("two"));
    await settled();
    expect(texts(client)).toEqual(["one", "two"]);
    expect(client.room(ROOM).getSnapshot()?.summary).toMatchObject({ number: 2, unread: 2 });
  });

  test("loads older entries before those that are here", async () => {
    const server = new FakeServer();
    for (let i = 1; i <= 120; i += 1) server.write(String(i));
    server.read = 120;
    const { client } = start(server);
    await client.open(ROOM);
    expect(texts(client)).toHaveLength(50);
    await client.loadOlder(ROOM);
    await client.loadOlder(ROOM);
    expect(texts(client)).toEqual(Array.from({ length: 120 }, (_, i) => String(i + 1)));
    expect(client.room(ROOM).getSnapshot()?.moreBefore).toBe(false);
  });

  test("shows an entry once when it arrives twice", async () => {
    const server = new FakeServer();
    const { client } = start(server);
    await client.open(ROOM);
    const entry = server.write("one");
    server.tell(entry);
    server.tell(entry);
    await settled();
    expect(texts(client)).toEqual(["one"]);
  });

  test("resumes after a gap, in as many pages as it takes", async () => {
    const server = new FakeServer();
    server.write("1");
    const { client } = start(server);
    await client.open(ROOM);
    for (let i = 2; i <= 8; i += 1) server.write(String(i));
    server.tell(server.write("9"));
    await settled();
    expect(texts(client)).toEqual(["1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    expect(count(server, "resume")).toBe(3);
  });

  test("resumes when the server says that it is behind", async () => {
    const server = new FakeServer();
    const { client } = start(server);
    await client.open(ROOM);
    server.write("one");
    server.link.event({ type: "behind", value: { room: ROOM, head: 1, number: 1, preview: null } });
    await settled();
    expect(texts(client)).toEqual(["one"]);
  });
});

describe("after a cut", () => {
  test("what was missed comes with the welcome, once and in order", async () => {
    const server = new FakeServer();
    server.write("one");
    const { client, timers } = start(server);
    await client.open(ROOM);
    server.link.cut();
    for (const text of ["two", "three", "four", "five", "six"]) server.write(text);
    await timers.advance(1_000);
    expect(texts(client)).toEqual(["one", "two", "three", "four", "five", "six"]);
    expect(server.links).toHaveLength(2);
  });

  test("a copy that is too old is dropped and loaded anew", async () => {
    const server = new FakeServer();
    for (let i = 1; i <= 4; i += 1) server.write(String(i));
    const { client, timers } = start(server);
    await client.open(ROOM);
    server.link.cut();
    server.entries.splice(0, 4);
    for (let i = 1; i <= 60; i += 1) server.write(`new ${i}`);
    server.read = 60;
    server.standing = "reset";
    await timers.advance(1_000);
    expect(texts(client)[0]).toBe("new 11");
    expect(texts(client)).toHaveLength(50);
  });

  test("a message whose answer was lost is resent with its key and appears once", async () => {
    const server = new FakeServer();
    const { client, timers } = start(server);
    await client.open(ROOM);
    let cuts = 0;
    server.cutBeforeReply = (command) => command.type === "send" && cuts++ < 3;
    client.send(ROOM, "hello");
    await timers.advance(30_000);
    const sends = server.commands.filter((command) => command.type === "send");
    expect(sends).toHaveLength(4);
    expect(new Set(sends.map((command) => command.value.key.id)).size).toBe(1);
    expect(texts(client)).toEqual(["hello"]);
    expect(pending(client)).toEqual([]);
  });

  test("what was written offline is sent in order", async () => {
    const server = new FakeServer();
    const { client, timers } = start(server);
    await client.open(ROOM);
    server.down = true;
    server.link.cut();
    for (const text of ["a", "b", "c"]) client.send(ROOM, text);
    await timers.advance(3_000);
    expect(pending(client).map((message) => message.state)).toEqual([
      "sending",
      "queued",
      "queued",
    ]);
    server.down = false;
    await timers.advance(20_000);
    expect(texts(client)).toEqual(["a", "b", "c"]);
  });

  test("a room that was closed is not opened again", async () => {
    const server = new FakeServer();
    const { client, timers } = start(server);
    await client.open(ROOM);
    await client.close(ROOM);
    server.link.cut();
    await timers.advance(1_000);
    expect(count(server, "open")).toBe(1);
    expect(client.room(ROOM).getSnapshot()?.open).toBe(false);
  });
});

describe("a message", () => {
  test("shows at once", async () => {
    const server = new FakeServer();
    const { client } = start(server);
    await client.open(ROOM);
    server.frozen = true;
    client.send(ROOM, "hello");
    await settled();
    expect(pending(client)).toMatchObject([{ state: "sending" }]);
  });

  test("that is refused for good fails and can be tried again or discarded", async () => {
    const server = new FakeServer();
    const { client } = start(server);
    await client.open(ROOM);
    server.refuse = (command) => (command.type === "send" ? refusal("text_too_long") : null);
    const first = client.send(ROOM, "hello");
    const second = client.send(ROOM, "other");
    await settled();
    expect(pending(client)).toMatchObject([
      { state: "failed", error: "text_too_long" },
      { state: "failed" },
    ]);
    server.refuse = () => null;
    client.discard(ROOM, second.key);
    client.retry(ROOM, first.key);
    await settled();
    expect(texts(client)).toEqual(["hello"]);
    expect(pending(client)).toEqual([]);
  });

  test("that is put off is sent after the delay", async () => {
    const server = new FakeServer();
    const { client, timers } = start(server);
    await client.open(ROOM);
    server.refuse = (command) => (command.type === "send" ? refusal("rate_limited", 700) : null);
    client.send(ROOM, "hello");
    await timers.advance(600);
    server.refuse = () => null;
    expect(texts(client)).toEqual([]);
    await timers.advance(200);
    expect(texts(client)).toEqual(["hello"]);
    expect(count(server, "send")).toBe(2);
  });
});

describe("the connection", () => {
  test("is given up when a pong is missing, within 3 s of the server's death", async () => {
    const server = new FakeServer();
    const { client, timers } = start(server);
    await timers.advance(100);
    expect(client.connection.getSnapshot().phase).toBe("online");
    server.frozen = true;
    await timers.advance(2_999);
    expect(client.connection.getSnapshot().phase).not.toBe("online");
  });

  test("stays on a path whose round trip is above the shortest pong limit", async () => {
    const server = new FakeServer();
    server.roundTripMs = 1_000;
    const { client, timers } = start(server);
    await timers.advance(120_000);
    expect(client.connection.getSnapshot()).toMatchObject({ phase: "online", roundTripMs: 1_000 });
    expect(server.links).toHaveLength(1);
  });

  test("follows a path that becomes slow, and gives up a dead server there too", async () => {
    const server = new FakeServer();
    server.roundTripMs = 50;
    const { client, timers } = start(server);
    await timers.advance(10_000);
    server.roundTripMs = 2_000;
    await timers.advance(60_000);
    expect(client.connection.getSnapshot()).toMatchObject({ phase: "online", roundTripMs: 2_000 });
    const links = server.links.length;
    expect(links).toBeLessThan(4);
    await timers.advance(60_000);
    expect(server.links).toHaveLength(links);
    server.frozen = true;
    await timers.advance(2_000 + PONG_MAX_MS);
    expect(client.connection.getSnapshot().phase).not.toBe("online");
  });

  test("has a pong limit that follows the round trip, within bounds", () => {
    expect(new PongLimit(1).milliseconds).toBe(PONG_MIN_MS);
    expect(new PongLimit(1_000).milliseconds).toBe(3_000);
    expect(new PongLimit(60_000).milliseconds).toBe(PONG_MAX_MS);
    const limit = new PongLimit(1_000);
    for (let i = 0; i < 50; i += 1) limit.measured(20);
    expect(limit.milliseconds).toBe(PONG_MIN_MS);
  });

  test("waits longer after each failure, and as long as the server says", async () => {
    const server = new FakeServer();
    server.down = true;
    const { client, timers } = start(server);
    const waits: number[] = [];
    for (let i = 0; i < 5; i += 1) {
      await settled();
      const { retryAt } = client.connection.getSnapshot();
      waits.push((retryAt ?? 0) - timers.monotonic());
      await timers.advance(waits[i] ?? 0);
    }
    expect(waits).toEqual([150, 300, 600, 1200, 2400]);
    server.down = false;
    await timers.advance(5_000);
    server.link.event({ type: "draining", value: { reconnectAfterMs: 4_000 } });
    await settled();
    server.link.end(3);
    await settled();
    const { retryAt } = client.connection.getSnapshot();
    expect((retryAt ?? 0) - timers.monotonic()).toBeGreaterThanOrEqual(4_000);
  });

  test("says hello again when the server says, if it is put off", async () => {
    const server = new FakeServer();
    server.refuse = (command) => (command.type === "hello" ? refusal("unavailable", 4_000) : null);
    const { client, timers } = start(server);
    await settled();
    const { retryAt } = client.connection.getSnapshot();
    const wait = (retryAt ?? 0) - timers.monotonic();
    expect(wait).toBeGreaterThanOrEqual(4_000);
    server.refuse = () => null;
    await timers.advance(wait - 1);
    expect(client.connection.getSnapshot().phase).toBe("waiting");
    await timers.advance(1);
    await settled();
    expect(client.connection.getSnapshot().phase).toBe("online");
  });

  test("takes the preferred transport unless it is silent", async () => {
    const server = new FakeServer();
    const timers = new FakeTimers();
    const slow = (delay: number) => (signal: AbortSignal) => sleep(timers, delay, signal);
    const race = async (preferredMs: number) => {
      const routes: Route[] = [
        { kind: "webtransport", dial: server.dial("webtransport", slow(preferredMs)) },
        { kind: "websocket", dial: server.dial("websocket", slow(10)) },
      ];
      const { client } = start(server, { timers, routes: async () => routes });
      await timers.advance(2_000);
      const { transport } = client.connection.getSnapshot();
      client.dispose();
      return transport;
    };
    expect(await race(400)).toBe("webtransport");
    expect(await race(600)).toBe("websocket");
    expect(server.links.filter((link) => link.closedWith === undefined)).toEqual([]);
  });

  test("asks for a new token once when the old one is refused, then ends", async () => {
    const server = new FakeServer();
    server.refuse = (command) => (command.type === "hello" ? refusal("token_expired") : null);
    const reasons: string[] = [];
    const getToken = async (reason: string) => {
      reasons.push(reason);
      return "token";
    };
    const { client, timers } = start(server, { getToken });
    await timers.advance(60_000);
    expect(reasons).toEqual(["connect", "refused"]);
    expect(client.connection.getSnapshot()).toMatchObject({
      phase: "ended",
      reason: { code: "token_expired" },
    });
    await expect(client.open(ROOM)).rejects.toMatchObject({ code: "token_expired" });
  });

  test("ends with the server's reason when there is no new token", async () => {
    const server = new FakeServer();
    server.refuse = (command) => (command.type === "hello" ? refusal("token_expired") : null);
    const getToken = async (reason: string) => (reason === "refused" ? null : "token");
    const { client, timers } = start(server, { getToken });
    await timers.advance(60_000);
    const { phase, reason } = client.connection.getSnapshot();
    expect({ phase, code: reason?.code }).toEqual({ phase: "ended", code: "token_expired" });
  });

  test("tries again when the token could not be fetched", async () => {
    const server = new FakeServer();
    let failures = 2;
    const getToken = async () => {
      if (failures-- > 0) throw new TypeError("no network");
      return "token";
    };
    const { client, timers } = start(server, { getToken });
    await timers.advance(5_000);
    expect(client.connection.getSnapshot().phase).toBe("online");
  });

  test("gives a new token before the old one ends", async () => {
    const server = new FakeServer();
    const reasons: string[] = [];
    const getToken = async (reason: string) => {
      reasons.push(reason);
      return `token ${reasons.length}`;
    };
    const { timers } = start(server, { getToken });
    await timers.advance(10);
    server.link.event({ type: "token_expiring", value: { at: 1 } });
    await timers.advance(10);
    expect(reasons).toEqual(["connect", "expiring"]);
    expect(server.commands.at(-1)).toEqual({ type: "refresh", value: { token: "token 2" } });
  });

  test("ends for good when the sessions of the person are ended", async () => {
    const server = new FakeServer();
    const { client, timers } = start(server);
    await timers.advance(10);
    server.link.end(7);
    await timers.advance(60_000);
    expect(client.connection.getSnapshot().phase).toBe("ended");
    expect(server.links).toHaveLength(1);
  });

  test("ends without a reason when the client is disposed of", async () => {
    const server = new FakeServer();
    const { client, timers } = start(server);
    await timers.advance(10);
    client.dispose();
    await timers.advance(10);
    expect(client.connection.getSnapshot()).toMatchObject({ phase: "ended", reason: null });
    expect(server.link.closedWith).toBe(1);
  });

  test("ignores a malformed datagram and ends on a malformed frame", async () => {
    const server = new FakeServer();
    const { client, timers } = start(server);
    await timers.advance(10);
    server.link.raw("datagram", Uint8Array.of(255, 255));
    expect(client.connection.getSnapshot().phase).toBe("online");
    server.link.raw("frame", Uint8Array.of(255, 255));
    await settled();
    expect(client.connection.getSnapshot().phase).toBe("ended");
    expect(server.link.closedWith).toBe(2);
  });
});
