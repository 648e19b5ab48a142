import { describe, expect, test } from "vitest";
import { scheduledIn } from "../src/client/scheduled.ts";
import {
  type ClientId,
  type Command,
  type Reply,
  randomClientId,
  type ScheduledMessage,
} from "../src/protocol.ts";
import { FakeServer, ROOM, settled } from "./fake.ts";
import { start } from "./start.ts";

function message(text: string, due: number, id: ClientId = randomClientId()): ScheduledMessage {
  const body = { type: "text", value: { text } } as const;
  return { room: ROOM, id, body, extras: [], due, failed: null };
}

/** A server that gives what is scheduled in pages of one. */
class Scheduling extends FakeServer {
  kept: ScheduledMessage[] = [];
  readonly asked: Command[] = [];

  override answer(command: Command): Reply {
    switch (command.type) {
      case "scheduled": {
        const { after } = command.value;
        const at = after ? this.kept.findIndex((each) => each.id === after.id) + 1 : 0;
        const messages = this.kept.slice(at, at + 1);
        const [last] = messages;
        const next = last && at + 1 < this.kept.length ? { room: ROOM, id: last.id } : null;
        return { type: "scheduled", value: { messages, next } };
      }
      case "schedule":
      case "change_scheduled": {
        this.asked.push(command);
        const { room, body, extras, due } = command.value;
        const id = command.type === "schedule" ? command.value.key.id : command.value.id;
        return { type: "scheduled_message", value: { room, id, body, extras, due, failed: null } };
      }
      case "cancel_scheduled":
      case "send_scheduled":
        this.asked.push(command);
        return { type: "done" };
      default:
        return super.answer(command);
    }
  }

  change(id: ClientId, now: ScheduledMessage | null): void {
    this.link.event({ type: "scheduled", value: { room: ROOM, id, message: now } });
  }
}

const words = (each: ScheduledMessage) => (each.body.type === "text" ? each.body.value.text : "");

describe("scheduled messages", () => {
  test("are known over all pages once they were asked for, and after each reconnect", async () => {
    const server = new Scheduling();
    const [late, early] = [message("late", 900), message("early", 100)];
    server.kept = [late, early];
    const { client, timers } = start(server);
    await settled();
    const known = () => scheduledIn(client.scheduled.all.getSnapshot(), ROOM).map(words);
    server.change(late.id, late);
    await settled();
    expect(known()).toEqual([]);
    // What happens while the server is asked counts after its answer.
    server.late = (command) => command.type === "scheduled" && command.value.after === null;
    const loading = client.scheduled.load();
    await settled();
    const other = message("other", 500);
    server.change(other.id, other);
    server.change(late.id, null);
    await settled();
    server.release();
    await loading;
    expect(known()).toEqual(["early", "other"]);
    server.change(early.id, { ...early, failed: "read_only" });
    await settled();
    expect(client.scheduled.all.getSnapshot().get(early.id)?.failed).toBe("read_only");
    server.late = () => false;
    server.kept = [message("meanwhile", 700)];
    server.link.cut();
    await timers.advance(60_000);
    expect(known()).toEqual(["meanwhile"]);
  });

  test("are scheduled with what belongs to them, changed, cancelled and sent", async () => {
    const server = new Scheduling();
    const { client } = start(server);
    await settled();
    const users = { users: [], room: true };
    const later = { text: "@room ciao", due: 5_000, message: 7, mentions: users };
    const made = await client.scheduled.schedule(ROOM, later);
    const changed = await client.scheduled.change(made, "@room salve", 6_000);
    await client.scheduled.cancel(changed);
    await client.scheduled.sendNow(changed);
    expect(server.asked.map((command) => command.type)).toEqual([
      "schedule",
      "change_scheduled",
      "cancel_scheduled",
      "send_scheduled",
    ]);
    expect(changed.id).toBe(made.id);
    expect([words(changed), changed.due]).toEqual(["@room salve", 6_000]);
    expect(changed.extras).toEqual([
      { type: "reply", value: { message: 7 } },
      { type: "mentions", value: users },
    ]);
  });
});
