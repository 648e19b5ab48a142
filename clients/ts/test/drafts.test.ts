import { describe, expect, test } from "vitest";
import { threadKey } from "../src/client/threads.ts";
import {
  type Command,
  DRAFT_BYTES,
  DRAFTS,
  type Draft,
  type Reply,
  ROOM_THREAD_DRAFTS,
  roomId,
  type ThreadDraft,
} from "../src/protocol.ts";
import { FakeServer, ROOM, settled } from "./fake.ts";
import { start } from "./start.ts";

class Drafting extends FakeServer {
  readonly told: Draft[] = [];
  readonly toldInThreads: ThreadDraft[] = [];
  kept: readonly Draft[] = [];
  keptInThreads: readonly ThreadDraft[] = [];

  override answer(command: Command): Reply {
    if (command.type === "drafts") return { type: "drafts", value: { drafts: this.kept } };
    if (command.type === "thread_drafts") {
      return { type: "thread_drafts", value: { drafts: this.keptInThreads } };
    }
    if (command.type === "set_draft") this.told.push(command.value);
    else if (command.type === "set_thread_draft") this.toldInThreads.push(command.value);
    else return super.answer(command);
    return { type: "done" };
  }
}

describe("drafts", () => {
  test("are told when nobody types for a moment, and at once when they are sent", async () => {
    const server = new Drafting();
    const { client, timers } = start(server);
    await settled();
    client.drafts.write(ROOM, "C");
    await timers.advance(900);
    client.drafts.write(ROOM, "Ci");
    await timers.advance(900);
    expect(server.told).toEqual([]);
    await timers.advance(200);
    expect(server.told.map((draft) => draft.text)).toEqual(["Ci"]);
    client.drafts.write(ROOM, "Ci v");
    client.drafts.write(ROOM, "");
    await timers.advance(2_000);
    expect(server.told.map((draft) => draft.text)).toEqual(["Ci", ""]);
    const times = server.told.map((draft) => draft.time);
    expect(times[1]).toBeGreaterThan(times[0] ?? Number.POSITIVE_INFINITY);
    client.drafts.write(ROOM, "x".repeat(DRAFT_BYTES + 1));
    await timers.advance(2_000);
    expect(server.told.length).toBe(2);
  });

  test("of other devices count if they are later, after a reconnect too", async () => {
    const server = new Drafting();
    const { client, timers } = start(server);
    await settled();
    const text = () => client.drafts.all.getSnapshot().get(ROOM)?.text;
    const mine = client.drafts.write(ROOM, "mine");
    const hear = async (words: string, time: number) => {
      server.link.event({ type: "draft", value: { room: ROOM, text: words, time } });
      await settled();
    };
    await hear("older", mine - 1);
    expect(text()).toBe("mine");
    await hear("newer", mine + 5);
    expect(text()).toBe("newer");
    await client.drafts.load();
    server.kept = [{ room: ROOM, text: "meanwhile", time: mine + 9 }];
    server.link.cut();
    await timers.advance(60_000);
    expect(text()).toBe("meanwhile");
  });

  test("that were sent on another device meanwhile are gone, and what was written here is not", async () => {
    const server = new Drafting();
    const { client, timers } = start(server);
    await settled();
    const texts = () => [...client.drafts.all.getSnapshot().values()].map((draft) => draft.text);
    const [second, third] = [roomId("00000000000000a2"), roomId("00000000000000a3")];
    await client.drafts.load();
    client.drafts.write(ROOM, "sent elsewhere");
    client.drafts.write(second, "told");
    await timers.advance(2_000);
    const told = server.told.find((draft) => draft.room === second);
    server.kept = told ? [told] : [];
    client.drafts.write(third, "not told yet");
    server.link.cut();
    await timers.advance(500);
    expect(texts()).toEqual(["", "told", "not told yet"]);
    // What the person writes there next is later.
    const again = client.drafts.write(ROOM, "again");
    expect(client.drafts.all.getSnapshot().get(ROOM)?.time).toBe(again);
    expect(texts()).toEqual(["again", "told", "not told yet"]);
  });

  test("are not taken for gone where the server has more than it lists", async () => {
    const server = new Drafting();
    const { client, timers } = start(server);
    await settled();
    client.drafts.write(ROOM, "an old one");
    await timers.advance(2_000);
    server.kept = Array.from({ length: DRAFTS }, (_, at) => {
      return { room: roomId(`00000000000001${(at + 16).toString(16)}`), text: "x", time: at + 1 };
    });
    await client.drafts.load();
    expect(client.drafts.all.getSnapshot().get(ROOM)?.text).toBe("an old one");
    // In threads, each room is full by itself.
    client.drafts.writeInThread(ROOM, 3, "an old one");
    client.drafts.writeInThread(roomId("00000000000000a2"), 3, "sent elsewhere");
    await timers.advance(2_000);
    server.keptInThreads = Array.from({ length: ROOM_THREAD_DRAFTS }, (_, at) => {
      return { room: ROOM, root: at + 10, text: "x", time: at + 1 };
    });
    await client.drafts.load();
    const text = (room: Draft["room"]) =>
      client.drafts.inThreads.getSnapshot().get(threadKey(room, 3))?.text;
    expect([text(ROOM), text(roomId("00000000000000a2"))]).toEqual(["an old one", ""]);
  });

  test("of threads are not those of the room, nor of another thread", async () => {
    const server = new Drafting();
    const { client, timers } = start(server);
    await settled();
    const inThreads = () =>
      [...client.drafts.inThreads.getSnapshot()].map(([key, { text }]) => [key, text]);
    client.drafts.write(ROOM, "room");
    const mine = client.drafts.writeInThread(ROOM, 3, "three");
    client.drafts.writeInThread(ROOM, 5, "five");
    await timers.advance(2_000);
    expect(server.told.map((draft) => draft.text)).toEqual(["room"]);
    expect(server.toldInThreads.map(({ root, text }) => [root, text])).toEqual([
      [3, "three"],
      [5, "five"],
    ]);
    server.link.event({
      type: "thread_draft",
      value: { room: ROOM, root: 3, text: "newer", time: mine + 5 },
    });
    await settled();
    expect(inThreads()).toEqual([
      [`${ROOM}:3`, "newer"],
      [`${ROOM}:5`, "five"],
    ]);
    expect(client.drafts.all.getSnapshot().get(ROOM)?.text).toBe("room");
  });

  test("of threads end when their root is deleted, and are not told any more", async () => {
    const server = new Drafting();
    const { client, timers } = start(server);
    await settled();
    const root = server.write("where?").position;
    await settled();
    client.drafts.writeInThread(ROOM, root, "at");
    const deleted = { message: root, number: 1, replaces: 0, by: null, thread: null };
    server.tell({ position: root + 1, time: 1, kind: { type: "deleted", value: deleted } });
    await timers.advance(2_000);
    expect(client.drafts.inThreads.getSnapshot().size).toBe(0);
    expect(server.toldInThreads).toEqual([]);
  });
});
