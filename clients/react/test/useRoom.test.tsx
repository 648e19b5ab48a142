import { useState } from "react";
import { expect, test } from "vitest";
import { useMembers, useRoom, useRoomView } from "../src/index.ts";
import { show, step, use } from "./render.tsx";
import { ChatServer, ME, ROOM, refusal, SECOND, start } from "./server.ts";

function opened(server: ChatServer) {
  return server.asked("open").map(({ value }) => value.room);
}

function closed(server: ChatServer) {
  return server.asked("close").map(({ value }) => value.room);
}

test("a room is opened once, also in strict mode, and closed at the end", async () => {
  const server = new ChatServer();
  server.write("one");
  const hook = await use(useRoom, ROOM, start(server));
  expect(hook.now).toMatchObject({ error: null, gone: false, room: { open: true, last: 1 } });
  expect(opened(server)).toEqual([ROOM]);
  await step(() => server.tell(server.write("two")));
  expect(hook.now.room?.entries).toHaveLength(2);
  await hook.end();
  expect(closed(server)).toEqual([ROOM]);
});

test("what it gives stays the same until it changes", async () => {
  const hook = await use(useRoom, ROOM, start(new ChatServer()));
  const before = hook.now;
  await hook.use(ROOM);
  expect(hook.now).toBe(before);
});

test("another room takes the place of the one before", async () => {
  const server = new ChatServer();
  const hook = await use(useRoom, ROOM, start(server));
  await hook.use(SECOND);
  expect(hook.now.room).toMatchObject({ id: SECOND, open: true });
  expect(opened(server)).toEqual([ROOM, SECOND]);
  expect(closed(server)).toEqual([ROOM]);
});

test("a room stays open while any component shows it", async () => {
  const server = new ChatServer();
  const client = start(server);
  const one = await use(useRoom, ROOM, client);
  const two = await use(useRoom, ROOM, client);
  await one.end();
  expect(closed(server)).toEqual([]);
  expect(two.now.room?.open).toBe(true);
  await two.end();
  expect(closed(server)).toEqual([ROOM]);
});

test("a room stays open when it moves from one component to another", async () => {
  const server = new ChatServer();
  function Room() {
    return useRoom(ROOM).room?.open ? "open" : "not open";
  }
  let move = () => {};
  function Places() {
    const [place, setPlace] = useState(1);
    move = () => setPlace(2);
    return <Room key={place} />;
  }
  const { element } = await show(<Places />, start(server));
  await step(() => move());
  expect(element.textContent).toBe("open");
  expect(opened(server)).toEqual([ROOM]);
  expect(closed(server)).toEqual([]);
});

test("why a room could not be opened is kept until it is tried again", async () => {
  const server = new ChatServer();
  server.refuse = ({ type }) => (type === "open" ? refusal("forbidden") : null);
  const hook = await use(useRoom, ROOM, start(server));
  expect(hook.now.error).toMatchObject({ code: "forbidden" });
  server.refuse = () => null;
  await step(() => hook.now.retry());
  expect(hook.now).toMatchObject({ error: null, room: { open: true } });
});

test("why a room could not be opened is forgotten when another component opens it", async () => {
  const server = new ChatServer();
  const client = start(server);
  server.refuse = ({ type }) => (type === "open" ? refusal("forbidden") : null);
  const hook = await use(useRoom, ROOM, client);
  server.refuse = () => null;
  await use(useRoom, ROOM, client);
  expect(hook.now).toMatchObject({ error: null, room: { open: true } });
});

test("why a room could not be opened is not said of another", async () => {
  const server = new ChatServer();
  server.refuse = (command) =>
    command.type === "open" && command.value.room === ROOM ? refusal("forbidden") : null;
  const hook = await use(useRoom, ROOM, start(server));
  const before = hook.all.length;
  await hook.use(SECOND);
  expect(hook.all.slice(before).map(({ error }) => error)).not.toContain(
    hook.all[before - 1]?.error,
  );
  expect(hook.now).toMatchObject({ error: null, room: { id: SECOND } });
});

test("a room that the person is removed from is gone, and another is not", async () => {
  const server = new ChatServer();
  const hook = await use(useRoom, ROOM, start(server));
  expect(hook.all.some(({ gone }) => gone)).toBe(false);
  const value = { room: ROOM, reason: "removed" } as const;
  await step(() => server.link.event({ type: "room_removed", value }));
  expect(hook.now).toMatchObject({ room: null, gone: true });
  await hook.use(SECOND);
  expect(hook.now).toMatchObject({ room: { id: SECOND }, gone: false });
});

test("a room that could not be read is opened again once it can be", async () => {
  const server = new ChatServer();
  server.readable = false;
  server.refuse = ({ type }) => (type === "open" ? refusal("unavailable") : null);
  const client = start(server);
  const hook = await use(useRoom, ROOM, client);
  expect(hook.now.room).toMatchObject({ open: false, summary: { readable: false } });
  server.readable = true;
  server.refuse = () => null;
  await step(() => client.retryRooms());
  expect(hook.now).toMatchObject({ error: null, room: { open: true } });
});

test("a room can be looked at without opening it", async () => {
  const server = new ChatServer();
  const hook = await use(useRoomView, ROOM, start(server));
  expect(hook.now).toMatchObject({ open: false, summary: { name: "Sabato" } });
  expect(opened(server)).toEqual([]);
});

test("the members of a room are loaded once it is open, where they are wanted", async () => {
  const server = new ChatServer();
  const profile = { user: ME, name: "Giulia", picture: null };
  const members = [{ profile, role: "owner", joined: 1, presence: null }] as const;
  server.answers.members = () => ({ type: "members", value: { members, more: false } });
  const client = start(server);
  const all = await use(({ id }) => useMembers(id), { id: ROOM }, client);
  const some = await use(({ wanted }) => useMembers(ROOM, wanted), { wanted: false }, client);
  expect(all.now).toBeNull();
  expect(server.asked("members")).toEqual([]);
  const room = await use(useRoom, ROOM, client);
  expect(all.now?.map(({ profile }) => profile.name)).toEqual(["Giulia"]);
  // Shown where they are known, also if they were not asked for here.
  expect(some.now).toBe(all.now);
  await room.end();
});
