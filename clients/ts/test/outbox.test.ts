/** Unsent messages outlive their client, have one sender, and stay with their person. */

import { expect, test } from "vitest";
import type { ChatClient } from "../src/client/client.ts";
import { read } from "../src/outbox/browser.ts";
import { OUTBOX_MESSAGES } from "../src/outbox/outbox.ts";
import type { KeptMessage, KeptMessages, OutboxStorage } from "../src/outbox/storage.ts";
import { clientId, type UserId } from "../src/protocol.ts";
import { FakeServer, ROOM, settled } from "./fake.ts";
import { count, refusal, start } from "./start.ts";

/** A storage in memory, as several clients share it. */
class MemoryStorage implements OutboxStorage {
  readonly rows = new Map<string, { user: UserId; owner: object; message: KeptMessage }>();
  readonly #open = new Map<
    object,
    { user: UserId; adopt: (messages: readonly KeptMessage[]) => void }
  >();

  open(user: UserId, adopt: (messages: readonly KeptMessage[]) => void): KeptMessages {
    const owner = {};
    this.#open.set(owner, { user, adopt });
    queueMicrotask(() => this.#handOver());
    return {
      put: (message) => void this.rows.set(message.key.id, { user, owner, message }),
      remove: (id) => void this.rows.delete(id),
      close: () => {
        this.#open.delete(owner);
        this.#handOver();
      },
    };
  }

  #handOver(): void {
    for (const [owner, { user, adopt }] of this.#open) {
      const left = [...this.rows.values()].filter(
        (row) => row.user === user && !this.#open.has(row.owner),
      );
      for (const row of left) row.owner = owner;
      if (left.length > 0) adopt(left.map((row) => row.message));
    }
  }
}

function pending(client: ChatClient) {
  return client.room(ROOM).getSnapshot()?.pending ?? [];
}

function words(of: readonly KeptMessage[]): string[] {
  return of.map(({ text }) => text);
}

test("a message that was not sent is sent by the next client of its person, in order", async () => {
  const server = new FakeServer();
  const outboxStorage = new MemoryStorage();
  const first = start(server, { outboxStorage });
  await first.client.open(ROOM);
  server.frozen = true;
  first.client.send(ROOM, "one");
  first.client.send(ROOM, "two");
  await settled();
  first.client.dispose();
  server.frozen = false;
  const second = start(server, { outboxStorage });
  await second.client.open(ROOM);
  await settled();
  const entries = second.client.room(ROOM).getSnapshot()?.entries ?? [];
  expect(entries).toHaveLength(2);
  expect(server.entries).toHaveLength(2);
  expect(outboxStorage.rows.size).toBe(0);
});

test("another client takes over when the first one ends, and only then", async () => {
  const server = new FakeServer();
  const outboxStorage = new MemoryStorage();
  const [first, second] = [start(server, { outboxStorage }), start(server, { outboxStorage })];
  await Promise.all([first.client.open(ROOM), second.client.open(ROOM)]);
  server.down = true;
  for (const link of server.links) link.cut();
  const { key } = first.client.send(ROOM, "one");
  await settled();
  expect(pending(second.client)).toEqual([]);
  first.client.dispose();
  expect(pending(second.client)).toMatchObject([{ key, state: "sending" }]);
  server.down = false;
  await second.timers.advance(30_000);
  expect(count(server, "send")).toBe(1);
  expect(server.entries).toHaveLength(1);
  expect(outboxStorage.rows.size).toBe(0);
});

test("what one person left is never sent by another person", async () => {
  const server = new FakeServer();
  const outboxStorage = new MemoryStorage();
  const giulia = start(server, { outboxStorage });
  await giulia.client.open(ROOM);
  server.frozen = true;
  giulia.client.send(ROOM, "from Giulia");
  await settled();
  giulia.client.dispose();
  server.frozen = false;
  const sent = count(server, "send");

  server.user = "marco";
  const marco = start(server, { outboxStorage });
  await marco.client.open(ROOM);
  await marco.timers.advance(60_000);
  expect(pending(marco.client)).toEqual([]);
  expect(count(server, "send")).toBe(sent);
  marco.client.dispose();

  server.user = "giulia";
  const again = start(server, { outboxStorage });
  await again.client.open(ROOM);
  await settled();
  expect(server.entries).toHaveLength(1);
});

test("a refused message stays until it is discarded, even after its client has ended", async () => {
  const server = new FakeServer();
  const outboxStorage = new MemoryStorage();
  const first = start(server, { outboxStorage });
  await first.client.open(ROOM);
  server.refuse = (command) => (command.type === "send" ? refusal("text_not_allowed") : null);
  const { key } = first.client.send(ROOM, "refused");
  await settled();
  first.client.dispose();
  const second = start(server, { outboxStorage });
  await second.client.open(ROOM);
  await settled();
  expect(pending(second.client)).toMatchObject([
    { key, state: "failed", error: "text_not_allowed" },
  ]);
  expect(count(server, "send")).toBe(1);
  expect(words([...outboxStorage.rows.values()].map((row) => row.message))).toEqual(["refused"]);
  second.client.discard(ROOM, key);
  expect(pending(second.client)).toEqual([]);
  expect(outboxStorage.rows.size).toBe(0);
});

test("an expired message gets a new key when it is tried again, and is kept once", async () => {
  const server = new FakeServer();
  const outboxStorage = new MemoryStorage();
  const { client } = start(server, { outboxStorage });
  await client.open(ROOM);
  server.refuse = (command) => (command.type === "send" ? refusal("expired") : null);
  const { key } = client.send(ROOM, "late");
  await settled();
  client.retry(ROOM, key);
  await settled();
  expect(outboxStorage.rows.size).toBe(1);
  expect(outboxStorage.rows.has(key.id)).toBe(false);
  server.refuse = () => null;
  client.retry(ROOM, pending(client)[0]?.key ?? key);
  await settled();
  expect(outboxStorage.rows.size).toBe(0);
  expect(server.entries).toHaveLength(1);
});

test("a refused message gets a new key when it is tried again, one of unknown outcome does not", async () => {
  for (const [code, renewed] of [
    ["forbidden", true],
    ["unavailable", false],
    ["unknown:77", false],
  ] as const) {
    const server = new FakeServer();
    const { client } = start(server);
    await client.open(ROOM);
    server.refuse = (command) => (command.type === "send" ? refusal(code) : null);
    const { key } = client.send(ROOM, "ciao");
    await settled();
    server.refuse = () => null;
    client.retry(ROOM, key);
    await settled();
    const keys = server.commands.flatMap((each) =>
      each.type === "send" ? [each.value.key.id] : [],
    );
    expect(keys[0] !== keys[1]).toBe(renewed);
    expect(server.entries).toHaveLength(1);
  }
});

test("a message keeps the head that was known when it was written", async () => {
  const server = new FakeServer();
  const outboxStorage = new MemoryStorage();
  const first = start(server, { outboxStorage });
  await first.client.open(ROOM);
  server.tell(server.write("before"));
  await settled();
  server.frozen = true;
  const { key } = first.client.send(ROOM, "ciao");
  expect(key.head).toBe(1);
  await settled();
  first.client.dispose();
  server.frozen = false;
  server.write("meanwhile");
  const second = start(server, { outboxStorage });
  await second.client.open(ROOM);
  await settled();
  const sends = server.commands.filter((command) => command.type === "send");
  expect(sends.length).toBeGreaterThan(1);
  expect(new Set(sends.map(({ value }) => JSON.stringify(value.key))).size).toBe(1);
  expect(server.entries).toHaveLength(3);
});

test("a message that was kept before keys had a head knew none", () => {
  const id = clientId("0123456789abcdef0123456789abcdef");
  const kept = { key: { id, time: 5 }, room: ROOM, text: "ciao", error: null };
  expect(read(kept as KeptMessage).key).toEqual({ id, time: 5, head: 0 });
  const newer = { ...kept, key: { ...kept.key, head: 7 } };
  expect(read(newer).key).toEqual(newer.key);
});

test("a message of a log that is no longer gets a key without a head", async () => {
  const server = new FakeServer();
  const { client } = start(server);
  await client.open(ROOM);
  server.tell(server.write("before"));
  await settled();
  server.refuse = (command) => (command.type === "send" ? refusal("out_of_range") : null);
  const { key } = client.send(ROOM, "ciao");
  await settled();
  server.refuse = () => null;
  client.retry(ROOM, key);
  expect(pending(client)[0]?.key).toMatchObject({ head: 0 });
  await settled();
  expect(server.entries).toHaveLength(2);
});

test("the number of waiting messages is limited", async () => {
  const server = new FakeServer();
  const { client } = start(server);
  await client.open(ROOM);
  server.frozen = true;
  for (let i = 0; i < OUTBOX_MESSAGES; i += 1) client.send(ROOM, String(i));
  expect(() => client.send(ROOM, "one more")).toThrow(RangeError);
});
