import { expect, test } from "vitest";
import type { Body, Entry, Message, Tally } from "../src/index.ts";
import { shortened, tallyOf } from "../src/index.ts";
import { type Command, type Reply, userId } from "../src/protocol.ts";
import { changedMessage, changeMessage, messageText } from "../src/store/changes.ts";
import { FakeServer, ROOM, settled } from "./fake.ts";
import { start } from "./start.ts";

const poll: Body = {
  type: "poll",
  value: {
    question: "Where?",
    options: ["a", "b"],
    multiple: false,
    anonymous: true,
    closes: null,
  },
};

function message(body: Body): Message {
  const fixed = { number: 1, sender: null, key: null, changed: 0, edited: null };
  return { ...fixed, body, reactions: [], extras: [{ type: "reply", value: { message: 2 } }] };
}

function tallied(position: number, tally: Tally | null): Entry {
  const value = { message: 3, number: 1, tally };
  return { position, time: 5, kind: { type: "tallied", value } };
}

test("a poll has the last tally, and who does not see it has none", () => {
  const first = { counts: [1, 0], voters: 1, closed: null };
  const second = { counts: [1, 1], voters: 2, closed: 7 };
  expect(changedMessage(tallied(7, first).kind)).toBe(3);
  const one = changeMessage(message(poll), tallied(7, first));
  expect(tallyOf(one.extras)).toEqual(first);
  const two = changeMessage(one, tallied(8, second));
  expect(two.extras).toEqual([
    { type: "reply", value: { message: 2 } },
    { type: "tally", value: second },
  ]);
  expect(changeMessage(two, tallied(8, first))).toBe(two);
  expect(changeMessage(two, tallied(9, null))).toBe(two);
  expect(tallyOf(message(poll).extras)).toBeNull();
});

test("polls and places are shown by their words", () => {
  const location: Body = {
    type: "location",
    value: { coordinates: "45.4642,9.19", accuracy: null, name: "Duomo", address: null },
  };
  const fixed = { phone: null, website: null, address: "Via Brera 1", coordinates: null };
  const place: Body = { type: "place", value: { name: "Zefiro", ...fixed } };
  expect([poll, location, place].map((body) => messageText({ body }))).toEqual([
    "Where?",
    "Duomo, 45.4642,9.19",
    "Zefiro, Via Brera 1",
  ]);
  expect([poll, place].map(shortened)).toEqual(["📊 Where?", "📍 Zefiro, Via Brera 1"]);
});

/** A server with one poll. */
class Asked extends FakeServer {
  readonly asked: Command[] = [];

  override answer(command: Command): Reply {
    const tally = { counts: [1, 0], voters: 1, closed: null };
    switch (command.type) {
      case "send":
      case "vote":
      case "close_poll": {
        this.asked.push(command);
        const { room } = command.value;
        return { type: "appended", value: { room, position: 9, number: 0, time: 5 } };
      }
      case "poll":
        return { type: "poll", value: { tally, own: [0], closed: false } };
      case "voters": {
        this.asked.push(command);
        const voters = [{ user: userId("marco"), choices: [0] }];
        return { type: "voters", value: { voters, more: command.value.after === null } };
      }
      default:
        return super.answer(command);
    }
  }
}

test("a client asks, votes, closes, and reads what came out page by page", async () => {
  const server = new Asked();
  const { client } = start(server);
  await settled();
  if (poll.type !== "poll") throw new Error("no poll");
  await client.polls.ask(ROOM, poll.value);
  await client.polls.vote(ROOM, 3, [1]);
  await client.polls.close(ROOM, 3);
  expect((await client.polls.results(ROOM, 3)).own).toEqual([0]);
  const first = await client.polls.voters(ROOM, 3);
  const last = await client.polls.voters(ROOM, 3, first.voters[0]?.user ?? null);
  expect([first.more, last.more]).toEqual([true, false]);
  expect(server.asked.map(({ type }) => type)).toEqual([
    "send",
    "vote",
    "close_poll",
    "voters",
    "voters",
  ]);
  const [sent, vote] = server.asked;
  expect(sent).toMatchObject({ value: { room: ROOM, body: poll, extras: [] } });
  expect(vote).toMatchObject({ value: { room: ROOM, position: 3, choices: [1] } });
  client.dispose();
});
