import { describe, expect, test } from "vitest";
import { type Command, DRAFT_BYTES, type Draft, type Reply } from "../src/protocol.ts";
import { FakeServer, ROOM, settled } from "./fake.ts";
import { start } from "./start.ts";

class Drafting extends FakeServer {
  readonly told: Draft[] = [];
  kept: readonly Draft[] = [];

  override answer(command: Command): Reply {
    if (command.type === "drafts") return { type: "drafts", value: { drafts: this.kept } };
    if (command.type !== "set_draft") return super.answer(command);
    this.told.push(command.value);
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
});
