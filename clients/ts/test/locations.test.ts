import { describe, expect, test } from "vitest";
import { livePositionOf, liveUntil } from "../src/index.ts";
import {
  type ClientSignal,
  type Command,
  LIVE_LOCATION_REPEAT_MS,
  LIVE_LOCATION_UPDATE_MS,
  type LocationBody,
  type Reply,
} from "../src/protocol.ts";
import { FakeServer, ME, OTHER, ROOM, settled } from "./fake.ts";
import { start } from "./start.ts";

const HOUR = 3_600_000;

/** Longer than this client waits between two updates. */
const PACE = LIVE_LOCATION_UPDATE_MS + 1_000;

const HERE: LocationBody = { coordinates: "45,9", accuracy: 5, name: "Duomo", address: null };

class Sharing extends FakeServer {
  readonly written: Command[] = [];
  #position = 6;

  override answer(command: Command): Reply {
    if (command.type !== "send" && command.type !== "edit") return super.answer(command);
    this.written.push(command);
    this.#position += 1;
    return {
      type: "appended",
      value: { room: ROOM, position: this.#position, number: 1, time: 1 },
    };
  }

  /** Where the person was told to be. */
  get told(): readonly string[] {
    const signals = this.links.flatMap((link) => link.signals);
    return signals.flatMap(({ value }) => {
      const signal = value as ClientSignal;
      return signal.type === "location" ? [signal.value.coordinates] : [];
    });
  }
}

function at(coordinates: string) {
  return { coordinates, accuracy: null };
}

describe("live locations", () => {
  test("are told when the person moves, as often as the server takes them", async () => {
    const server = new Sharing();
    const { client, timers } = start(server);
    await settled();
    const { locations } = client;
    locations.moved(at("1,1"));
    const sharing = await locations.share(ROOM, HERE, HOUR);
    const [sent] = server.written;
    const extras = sent?.type === "send" ? sent.value.extras : [];
    expect(liveUntil(extras)).toBe(sharing.until);
    expect(locations.sharing.getSnapshot()).toEqual([sharing]);
    await timers.advance(PACE);
    expect(server.told).toEqual([]);
    locations.moved(at("2,2"));
    await timers.advance(0);
    expect(server.told).toEqual(["2,2"]);
    // Of what comes too soon the last counts.
    for (const coordinates of ["3,3", "4,4"]) locations.moved(at(coordinates));
    await timers.advance(LIVE_LOCATION_UPDATE_MS);
    expect(server.told).toEqual(["2,2"]);
    await timers.advance(PACE);
    expect(server.told).toEqual(["2,2", "4,4"]);
    // Who does not move is told again, for those who have just come.
    locations.moved(at("4,4"));
    await timers.advance(LIVE_LOCATION_REPEAT_MS);
    expect(server.told).toEqual(["2,2", "4,4", "4,4"]);
    await timers.advance(HOUR);
    expect(locations.sharing.getSnapshot()).toEqual([]);
    const before = server.told.length;
    locations.moved(at("5,5"));
    await timers.advance(PACE);
    expect(server.told.length).toBe(before);
  });

  test("end where the person is, by hand, by another one, and by any device", async () => {
    const server = new Sharing();
    const { client, timers } = start(server);
    await settled();
    const { locations } = client;
    const first = await locations.share(ROOM, HERE, HOUR);
    locations.moved(at("2,2"));
    await timers.advance(0);
    const second = await locations.share(ROOM, HERE, HOUR);
    const [, end] = server.written;
    expect(end?.type === "edit" && [end.value.position, end.value.body]).toEqual([
      first.message,
      { type: "location", value: { ...HERE, ...at("2,2") } },
    ]);
    expect(locations.sharing.getSnapshot()).toEqual([second]);
    const { message } = second;
    const edited = {
      ...{ message, number: 1, revision: 1, replaces: 0 },
      body: { type: "location", value: HERE } as const,
      mentions: { users: [], room: false },
    };
    server.tell({ position: 20, time: 1, kind: { type: "edited", value: edited } });
    await settled();
    expect(locations.sharing.getSnapshot()).toEqual([]);
    // A page that was loaded again goes on with what has not ended.
    locations.resume({ ...second, until: client.now() });
    expect(locations.sharing.getSnapshot()).toEqual([]);
    locations.resume(second);
    locations.moved(at("6,6"));
    await timers.advance(0);
    expect(server.told.at(-1)).toBe("6,6");
    server.refuse = () => ({
      code: "too_late",
      sentence: "",
      outcome: "refused",
      retryAfterMs: null,
    });
    await expect(locations.end(second)).rejects.toThrow();
    expect(locations.sharing.getSnapshot()).toEqual([]);
  });

  test("of others are where they were heard last, and only of who sent the message", async () => {
    const server = new Sharing();
    const { client, timers } = start(server);
    await settled();
    const hear = async (user: typeof ME, counter: number, coordinates: string) => {
      const value = { room: ROOM, message: 7, user, counter, coordinates, accuracy: 3 };
      server.link.signal({ type: "location", value });
      await settled();
    };
    const shown = () => {
      const found = livePositionOf(client.locations.positions.getSnapshot(), ROOM, 7, OTHER);
      return found && [found.coordinates, found.accuracy];
    };
    expect(shown()).toBeNull();
    await hear(OTHER, 5, "1,1");
    await timers.advance(1_000);
    await hear(OTHER, 4, "2,2");
    await hear(ME, 9, "3,3");
    expect(shown()).toEqual(["1,1", 3]);
    await hear(OTHER, 6, "4,4");
    expect(shown()).toEqual(["4,4", 3]);
    for (let message = 0; message < 202; message += 1) {
      const value = { room: ROOM, message, user: ME, counter: 1, coordinates: "1,1", accuracy: 3 };
      server.link.signal({ type: "location", value });
    }
    await settled();
    expect(client.locations.positions.getSnapshot().size).toBe(200);
    expect(shown()).toBeNull();
  });
});
