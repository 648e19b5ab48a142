import type { FollowedThread, Placement, Reply, RoomSummary } from "@caffis/chat";
import { expect, test } from "vitest";
import {
  useDrafts,
  useMentions,
  useRooms,
  useScheduled,
  useStars,
  useThreadDrafts,
  useThreads,
  useUnread,
} from "../src/index.ts";
import { step, use } from "./render.tsx";
import { ChatServer, OTHER, ROOM, refusal, SECOND, start } from "./server.ts";

/** A server whose rooms, marks and followed threads a test says. */
class ListServer extends ChatServer {
  placement: Placement = "listed";

  constructor() {
    super();
    const preview = { number: 1, sender: OTHER, text: "one", time: 1, deleted: false };
    const replies = { count: 2, last: 2, position: 3, time: 3, people: [] };
    const thread: FollowedThread = {
      ...{ room: ROOM, root: { position: 1, changed: 0, preview }, replies, read: 1, unread: 1 },
    };
    const marks = [1, 2].map((position) => ({ room: ROOM, position, number: position }));
    this.answers = {
      marks: () => ({ type: "marks", value: { marks } }),
      threads: () => ({ type: "threads", value: { threads: [thread], unread: 1, next: null } }),
    };
  }

  override summary(): RoomSummary {
    const placed = { placement: this.placement, number: this.entries.length };
    return { ...super.summary(), placed };
  }
}

test("the rooms come in pages", async () => {
  const server = new ChatServer();
  server.answers.rooms = (): Reply => {
    const third = { ...server.summary(), room: "00000000000000a3" as typeof ROOM, name: "Cafe" };
    return { type: "rooms", value: { rooms: [third], more: false } };
  };
  const hook = await use(useRooms, undefined, start(server));
  expect(hook.all[0]).toMatchObject({ rooms: [], loaded: false });
  expect(hook.now.rooms.map(({ room }) => room)).toEqual([ROOM, SECOND]);
  const before = hook.now;
  await hook.use(undefined);
  expect(hook.now).toBe(before);
  await step(() => hook.now.loadMore());
  expect(hook.now.rooms.map(({ name }) => name)).toContain("Cafe");
  expect(hook.now.loadMore).toBe(before.loadMore);
});

test("what is unread is counted", async () => {
  const server = new ListServer();
  server.write("one");
  server.write("two");
  server.read = 1;
  const hook = await use(useUnread, undefined, start(server));
  expect(hook.all[0]).toEqual({ rooms: 0, messages: 0, mentions: 0, threads: 0 });
  // The first message mentions the person, too, but they have read it.
  expect(hook.now).toEqual({ rooms: 1, messages: 1, mentions: 1, threads: 1 });
  const before = hook.now;
  await hook.use(undefined);
  expect(hook.now).toBe(before);
});

test("rooms that are archived do not count as unread, and mentions in them do", async () => {
  const server = new ListServer();
  server.write("one");
  server.placement = "archived";
  const hook = await use(useUnread, undefined, start(server));
  expect(hook.now).toMatchObject({ rooms: 0, messages: 0, mentions: 2 });
});

test("each list is asked for once, however many components show it", async () => {
  const server = new ListServer();
  const client = start(server);
  // A session that begins asks again for what was asked for before.
  await step(() => {});
  const stars = await use(useStars, undefined, client);
  await use(useStars, undefined, client);
  expect(server.asked("marks")).toHaveLength(1);
  expect(stars.now.get(ROOM)).toEqual(
    new Map([
      [1, 1],
      [2, 2],
    ]),
  );
  const mentions = await use(useMentions, undefined, client);
  expect(mentions.now.get(ROOM)?.size).toBe(2);
  expect(server.asked("marks").map(({ value }) => value.flag.type)).toEqual([
    "starred",
    "mentioned",
  ]);
  const threads = await use(useThreads, undefined, client);
  expect(threads.now.get(`${ROOM}:1`)?.unread).toBe(1);
  expect(server.asked("threads")).toHaveLength(1);
});

test("a list that could not be loaded is empty", async () => {
  const server = new ListServer();
  server.refuse = ({ type }) => (type === "marks" ? refusal("internal") : null);
  const hook = await use(useStars, undefined, start(server));
  expect(hook.now.size).toBe(0);
});

test("drafts and scheduled messages are there once they come", async () => {
  const server = new ChatServer();
  const client = start(server);
  server.answers.drafts = () => {
    const draft = { room: ROOM, text: "ci", time: 1 };
    return { type: "drafts", value: { drafts: [draft] } };
  };
  const drafts = await use(useDrafts, undefined, client);
  const inThreads = await use(useThreadDrafts, undefined, client);
  const scheduled = await use(useScheduled, undefined, client);
  expect(drafts.now.get(ROOM)?.text).toBe("ci");
  expect(inThreads.now.size).toBe(0);
  expect(scheduled.now.size).toBe(0);
  await step(() => client.drafts.write(SECOND, "ciao"));
  expect(drafts.now.get(SECOND)?.text).toBe("ciao");
});
