/** Groups that are made, and what is said of them afterwards. */

import { expect, test } from "vitest";
import type { Command, Reply, RoomInfo } from "../src/protocol.ts";
import { FakeServer, ME, OTHER, ROOM, settled } from "./fake.ts";
import { start } from "./start.ts";

/** A server that makes groups and lets them be described. */
class Describing extends FakeServer {
  override answer(command: Command): Reply {
    if (command.type === "create_group") return { type: "room", value: this.summary() };
    if (command.type !== "set_room_info") return super.answer(command);
    return { type: "appended", value: { room: ROOM, position: 1, number: 0, time: 0 } };
  }
}

test("a group shows later members everything, unless its maker says otherwise", async () => {
  const server = new Describing();
  const { client } = start(server);
  await settled();
  await client.createGroup("Sabato", [OTHER]);
  await client.createGroup("Domenica", [OTHER], { type: "from_joining" });
  const made = server.commands.filter((command) => command.type === "create_group");
  const histories = made.map(({ value }) => value.history.type);
  expect(histories).toEqual(["all", "from_joining"]);
});

test("a room is described, with one key over a lost link, and what is not named stays", async () => {
  const server = new Describing();
  const { client, timers } = start(server);
  await settled();
  let cuts = 1;
  server.cutBeforeReply = (command) => command.type === "set_room_info" && cuts-- > 0;
  const describing = client.describeRoom(ROOM, { description: "" });
  await timers.advance(60_000);
  await describing;
  await client.describeRoom(ROOM, { name: "Domenica", history: { type: "last", value: 50 } });
  const [first, again, second] = server.commands.filter(
    (command) => command.type === "set_room_info",
  );
  expect(first).toEqual(again);
  expect(first?.value).toMatchObject({ room: ROOM, name: null, description: "", history: null });
  const history = { type: "last", value: 50 };
  expect(second?.value).toMatchObject({ name: "Domenica", description: null, history });
});

test("the list follows a new name at once", async () => {
  const server = new FakeServer();
  const { client } = start(server);
  await settled();
  const before: RoomInfo = { name: "Sabato", description: null, history: { type: "all" } };
  const info = { ...before, name: "Domenica", description: "Dopo pranzo" };
  const kind = { type: "info", value: { info, before, by: ME } } as const;
  const entry = { position: 1, time: 1, kind };
  server.entries.push(entry);
  server.tell(entry);
  await settled();
  const [room] = client.rooms.getSnapshot().rooms;
  expect(room).toMatchObject({ name: "Domenica", description: "Dopo pranzo" });
});
