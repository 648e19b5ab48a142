import { describe, expect, test } from "vitest";
import { unreadMarks } from "../src/client/marked.ts";
import type { Command, Entry, Mentions, Reply } from "../src/protocol.ts";
import { mentionsOf } from "../src/store/changes.ts";
import { FakeServer, ME, OTHER, ROOM, settled } from "./fake.ts";
import { start } from "./start.ts";

/** A server that says where this person is mentioned. */
class Mentioning extends FakeServer {
  places: number[] = [];

  override answer(command: Command): Reply {
    if (command.type !== "marks") return super.answer(command);
    const marks = this.places.map((position) => ({ room: ROOM, position, number: position }));
    return { type: "marks", value: { marks } };
  }

  mention(position: number, on: boolean): void {
    const at = { room: ROOM, position, number: position };
    this.link.event({ type: "flagged", value: { ...at, flag: { type: "mentioned" }, on } });
  }
}

describe("messages that mention this person", () => {
  test("are known once they were asked for, and after each reconnect", async () => {
    const server = new Mentioning();
    const { client, timers } = start(server);
    await settled();
    const known = () => [...(client.mentions.places.getSnapshot().get(ROOM)?.keys() ?? [])];
    server.mention(3, true);
    await settled();
    expect(known()).toEqual([]);
    server.places = [3, 5];
    // What happens while the server is asked counts after its answer.
    server.late = (command) => command.type === "marks";
    const loading = client.mentions.load();
    await settled();
    server.mention(5, false);
    server.mention(7, true);
    await settled();
    server.release();
    await loading;
    expect(known()).toEqual([3, 7]);
    const read = (number: number) =>
      unreadMarks(client.mentions.places.getSnapshot(), { ...server.summary(), read: number });
    expect([read(0), read(3), read(7)]).toEqual([2, 1, 0]);
    server.late = () => false;
    server.places = [9];
    server.link.cut();
    await timers.advance(60_000);
    expect(known()).toEqual([9]);
  });

  test("say so, and edits change it", async () => {
    const server = new FakeServer();
    const { client } = start(server);
    server.write("one");
    await client.open(ROOM);
    const users = { users: [OTHER], room: false };
    client.send(ROOM, "@Marco two", null, users);
    client.send(ROOM, "three", 1, { users: [], room: false });
    await settled();
    const extras = server.commands.flatMap((each) =>
      each.type === "send" ? [each.value.extras] : [],
    );
    expect(extras).toEqual([
      [{ type: "mentions", value: users }],
      [{ type: "reply", value: { message: 1 } }],
    ]);
    const shown = () => {
      const kind = client.room(ROOM).getSnapshot()?.entries[1]?.kind;
      return kind?.type === "message" ? mentionsOf(kind.value.extras) : undefined;
    };
    expect(shown()).toEqual(users);
    const edit = (position: number, mentions: Mentions, body: boolean): Entry => {
      const words = body ? ({ type: "text", value: { text: "@Giulia" } } as const) : null;
      const at = { message: 2, number: 2, revision: position, replaces: 0 };
      const value = { ...at, body: words, mentions };
      return { position, time: position, kind: { type: "edited", value } };
    };
    const tell = async (entry: Entry) => {
      server.entries.push(entry);
      server.tell(entry);
      await settled();
    };
    await tell(edit(4, { users: [], room: false }, false));
    expect(shown()).toEqual(users);
    await tell(edit(5, { users: [ME], room: true }, true));
    expect(shown()).toEqual({ users: [ME], room: true });
    await tell(edit(6, { users: [], room: false }, true));
    expect(shown()).toBeNull();
  });
});
