import type { ChatClient } from "@caffis/chat";
import { expect, test } from "vitest";
import { useNewClient } from "../src/index.ts";
import { use } from "./render.tsx";
import { ChatServer, start } from "./server.ts";

/** Makes clients, and knows which of them still run. */
function maker() {
  const made: ChatClient[] = [];
  const make = () => {
    const client = start(new ChatServer());
    made.push(client);
    return client;
  };
  const running = () => made.filter(({ connection }) => connection.getSnapshot().phase !== "ended");
  return { make, running };
}

test("one client runs, also in strict mode, and none at the end", async () => {
  const { make, running } = maker();
  const hook = await use(useNewClient, make);
  expect(running()).toEqual([hook.now]);
  await hook.use(make);
  expect(running()).toEqual([hook.now]);
  await hook.end();
  expect(running()).toEqual([]);
});

test("another function makes another client, and null none", async () => {
  const [one, two] = [maker(), maker()];
  const hook = await use(useNewClient, one.make as (() => ChatClient) | null);
  const first = hook.now;
  await hook.use(two.make);
  expect(one.running()).toEqual([]);
  expect(two.running()).toEqual([hook.now]);
  // Between the two there is none.
  expect(hook.all.slice(hook.all.indexOf(first))).toEqual([first, null, hook.now]);
  await hook.use(null);
  expect(hook.now).toBeNull();
  expect(two.running()).toEqual([]);
});
