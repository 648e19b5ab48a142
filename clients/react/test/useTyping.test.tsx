import { expect, test } from "vitest";
import { useRoom, useTyping } from "../src/index.ts";
import { step, use } from "./render.tsx";
import { ChatServer, OTHER, ROOM, SECOND, start } from "./server.ts";

/** What the client said of typing: the rooms, and whether the person types. */
function said(server: ChatServer) {
  return server.link.signals.flatMap((frame) => {
    if (frame.type !== "signal" || frame.value.type !== "typing") return [];
    const { room, active } = frame.value.value;
    return [[room, active]];
  });
}

test("others who type are shown until they stop", async () => {
  const server = new ChatServer();
  const client = start(server);
  const hook = await use(useTyping, ROOM, client);
  await use(useRoom, ROOM, client);
  expect(hook.now.users).toEqual([]);
  await step(() => server.link.typing(1));
  expect(hook.now.users).toEqual([OTHER]);
  await step(() => server.link.typing(2, false));
  expect(hook.now.users).toEqual([]);
});

test("the person types until they stop", async () => {
  const server = new ChatServer();
  const hook = await use(useTyping, ROOM, start(server));
  await step(() => hook.now.setTyping(true));
  await step(() => hook.now.setTyping(false));
  expect(said(server)).toEqual([
    [ROOM, true],
    [ROOM, false],
  ]);
});

test("typing ends with its component, and when the room is another", async () => {
  const server = new ChatServer();
  const hook = await use(useTyping, ROOM, start(server));
  await step(() => hook.now.setTyping(true));
  await hook.use(SECOND);
  await step(() => hook.now.setTyping(true));
  await hook.end();
  expect(said(server)).toEqual([
    ...[
      [ROOM, true],
      [ROOM, false],
    ],
    ...[
      [SECOND, true],
      [SECOND, false],
    ],
  ]);
});

test("who only looks does not end what another component said", async () => {
  const server = new ChatServer();
  const client = start(server);
  const composer = await use(useTyping, ROOM, client);
  const line = await use(useTyping, ROOM, client);
  await step(() => composer.now.setTyping(true));
  await line.end();
  expect(said(server)).toEqual([[ROOM, true]]);
});
