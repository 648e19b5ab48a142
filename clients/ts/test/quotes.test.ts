import { describe, expect, test } from "vitest";
import type { Entry, EntryKind } from "../src/protocol.ts";
import { NOBODY, repliedTo } from "../src/store/changes.ts";
import { FakeServer, OTHER, ROOM, settled } from "./fake.ts";
import { start } from "./start.ts";

/** A server whose room has so many messages; the last one answers the first. */
function serverWith(count: number): FakeServer {
  const server = new FakeServer();
  for (let number = 1; number < count; number += 1) server.write(String(number));
  server.write("last", OTHER, undefined, [{ type: "reply", value: { message: 1 } }]);
  server.read = count;
  return server;
}

function change(server: FakeServer, kind: EntryKind): Entry {
  const entry = { position: server.entries.length + 1, time: 1, kind };
  server.entries.push(entry);
  return entry;
}

function edited(server: FakeServer, text: string): Entry {
  const body = { type: "text", value: { text } } as const;
  const value = { message: 1, number: 1, revision: 1, replaces: 0, body, mentions: NOBODY };
  return change(server, { type: "edited", value });
}

describe("quotes", () => {
  test("are asked for once where they are not here, and follow what happens to the message", async () => {
    const server = serverWith(120);
    const { client } = start(server);
    await client.open(ROOM);
    await Promise.all([client.loadQuotes(ROOM), client.loadQuotes(ROOM)]);
    await client.loadQuotes(ROOM);
    const asked = server.commands.filter(({ type }) => type === "previews");
    expect(asked).toEqual([{ type: "previews", value: { room: ROOM, positions: [1] } }]);
    const quote = () => client.room(ROOM).getSnapshot()?.quotes.get(1);
    expect(quote()?.preview.text).toBe("1");
    server.tell(edited(server, "one"));
    await settled();
    expect(quote()).toMatchObject({ changed: 121, preview: { text: "one", deleted: false } });
    const value = { message: 1, number: 1, replaces: 121, by: OTHER, thread: null };
    server.tell(change(server, { type: "deleted", value }));
    await settled();
    expect(quote()?.preview).toMatchObject({ text: "", deleted: true });
    await client.close(ROOM);
    expect(quote()).toBeUndefined();
  });

  test("have what came while they were on their way", async () => {
    const server = serverWith(120);
    const { client } = start(server);
    await client.open(ROOM);
    server.late = (command) => command.type === "previews";
    const loaded = client.loadQuotes(ROOM);
    await settled();
    server.tell(edited(server, "one"));
    await settled();
    server.release();
    await loaded;
    expect(client.room(ROOM).getSnapshot()?.quotes.get(1)?.preview.text).toBe("one");
  });

  test("of what this person does not see are asked for once, too", async () => {
    const server = serverWith(120);
    const { client } = start(server);
    await client.open(ROOM);
    const answer = server.answer.bind(server);
    server.answer = (command) =>
      command.type === "previews" ? { type: "previews", value: { previews: [] } } : answer(command);
    await client.loadQuotes(ROOM);
    await client.loadQuotes(ROOM);
    expect(client.room(ROOM).getSnapshot()?.quotes.get(1)).toBeNull();
    expect(server.commands.filter(({ type }) => type === "previews")).toHaveLength(1);
  });

  test("lead to a page from further up, which the copy then is", async () => {
    const server = serverWith(400);
    const { client } = start(server);
    await client.open(ROOM);
    expect(await client.loadAround(ROOM, 100)).toBe(true);
    const view = () => client.room(ROOM).getSnapshot();
    expect(view()?.entries[0]?.position).toBe(51);
    expect(view()?.moreAfter).toBe(true);
    expect(await client.loadAround(ROOM, 500)).toBe(false);
    await client.loadLatest(ROOM);
    expect(view()?.entries.at(-1)?.position).toBe(400);
    // What touches the copy joins it.
    const first = view()?.entries[0]?.position ?? 0;
    expect(await client.loadAround(ROOM, first - 5)).toBe(true);
    expect(view()?.entries[0]?.position).toBeLessThan(first - 5);
    expect(view()?.entries.at(-1)?.position).toBe(400);
  });

  test("belong to messages that wait, too", async () => {
    const server = serverWith(3);
    const { client } = start(server);
    await client.open(ROOM);
    server.frozen = true;
    const waiting = client.send(ROOM, "me", 3);
    expect(repliedTo(waiting.extras)).toBe(3);
    await settled();
    const sent = server.commands.findLast(({ type }) => type === "send");
    expect(sent?.type === "send" && repliedTo(sent.value.extras)).toBe(3);
  });
});
