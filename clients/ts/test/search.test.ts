import { afterEach, expect, test, vi } from "vitest";
import type { Command, Reply } from "../src/protocol.ts";
import { FakeServer, ROOM } from "./fake.ts";
import { start } from "./start.ts";

/** A server that keeps what it was asked to find. */
class Searching extends FakeServer {
  readonly asked: Extract<Command, { type: "search" }>["value"][] = [];

  override answer(command: Command): Reply {
    if (command.type !== "search") return super.answer(command);
    this.asked.push(command.value);
    return { type: "found", value: { hits: [], next: null, roomsLeft: 0, behind: false } };
  }
}

function on(timeZone: string) {
  const options = new Intl.DateTimeFormat().resolvedOptions();
  const spy = vi.spyOn(Intl.DateTimeFormat.prototype, "resolvedOptions");
  spy.mockReturnValue({ ...options, timeZone });
}

afterEach(() => vi.restoreAllMocks());

test("days are those of the device, unless somebody says otherwise", async () => {
  const server = new Searching();
  const { client } = start(server);
  on("America/New_York");
  await client.search({ query: "pane before:2026-11-26" });
  await client.search({ query: "pane", room: ROOM, timeZone: "Europe/Rome", limit: 7 });
  await client.search({ query: "pane", timeZone: null });
  on("Etc/Unknown");
  await client.search({ query: "pane" });
  expect(server.asked.map(({ timeZone }) => timeZone)).toEqual([
    "America/New_York",
    "Europe/Rome",
    null,
    null,
  ]);
  expect(server.asked[1]).toMatchObject({ room: ROOM, query: "pane", before: null, limit: 7 });
});
