import type { RoomId } from "@caffis/chat";
import { expect, test } from "vitest";
import { useRoom, useTimeline } from "../src/index.ts";
import { step, use } from "./render.tsx";
import { ChatServer, ROOM, SECOND, start } from "./server.ts";

function useOpened(id: RoomId) {
  useRoom(id);
  return useTimeline(id);
}

const texts = ({ items }: ReturnType<typeof useTimeline>) =>
  items.map((item) => (item.type === "message" ? item.text : item.type));

test("messages come as they are sent, and those before stay the same objects", async () => {
  const server = new ChatServer();
  server.write("one");
  const hook = await use(useOpened, ROOM, start(server));
  const [one] = hook.now.items;
  await step(() => server.tell(server.write("two")));
  expect(texts(hook.now)).toEqual(["one", "two"]);
  expect(hook.now.items[0]).toBe(one);
});

test("a message shows at once, and keeps its key when the server has it", async () => {
  const server = new ChatServer();
  const client = start(server);
  const hook = await use(useOpened, ROOM, client);
  server.late = ({ type }) => type === "send";
  await step(() => client.send(ROOM, "ciao"));
  const [sending] = hook.now.items;
  expect(sending).toMatchObject({ text: "ciao", position: null, pending: { state: "sending" } });
  await step(() => server.release());
  expect(hook.now.items).toEqual([
    expect.objectContaining({ key: sending?.key, position: 1, pending: null }),
  ]);
});

test("older messages are loaded when they are asked for", async () => {
  const server = new ChatServer();
  for (let number = 1; number <= 60; number += 1) server.write(`${number}`);
  server.read = 60;
  const hook = await use(useOpened, ROOM, start(server));
  expect(hook.now).toMatchObject({ moreBefore: true, moreAfter: false });
  expect(hook.now.items).toHaveLength(50);
  const { loadOlder } = hook.now;
  await step(() => loadOlder());
  expect(hook.now).toMatchObject({ moreBefore: false, loadingBefore: false });
  expect(hook.now.items).toHaveLength(60);
  expect(hook.now.loadOlder).toBe(loadOlder);
});

test("where a room begins at its first unread message, the rest is loaded when it is asked for", async () => {
  const server = new ChatServer();
  for (let number = 1; number <= 400; number += 1) server.write(`${number}`);
  const hook = await use(useOpened, ROOM, start(server));
  expect(hook.now.moreAfter).toBe(true);
  const before = hook.now.items.length;
  await step(() => hook.now.loadNewer());
  expect(hook.now.items.length).toBeGreaterThan(before);
  await step(() => hook.now.loadLatest());
  expect(texts(hook.now).at(-1)).toBe("400");
  expect(hook.now.moreAfter).toBe(false);
});

test("another room has messages of its own, and nothing changes without need", async () => {
  const server = new ChatServer();
  server.write("one");
  const hook = await use(useOpened, ROOM, start(server));
  const before = hook.now;
  await hook.use(ROOM);
  expect(hook.now).toBe(before);
  await hook.use(SECOND);
  expect(hook.now.items).toEqual([]);
});
