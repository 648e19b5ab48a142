import { act } from "react";
import { renderToString } from "react-dom/server";
import { expect, test } from "vitest";
import { App, Chat } from "../example/App.tsx";
import {
  ChatProvider,
  useChat,
  useConnection,
  useLimits,
  useOwn,
  usePeople,
  usePerson,
  usePresence,
  useSelf,
} from "../src/index.ts";
import { show, step, use } from "./render.tsx";
import { ChatServer, ME, OTHER, start } from "./server.ts";

test("a provider gives its client, and without one a hook says what is missing", async () => {
  const client = start(new ChatServer());
  expect((await use(useChat, undefined, client)).now).toBe(client);
  function Lost() {
    useChat();
    return null;
  }
  await expect(show(<Lost />)).rejects.toThrow("useChat needs a ChatProvider around it");
});

test("on a server everything renders as before the first connection", () => {
  const client = start(new ChatServer());
  const page = renderToString(
    <ChatProvider client={client}>
      <Chat />
    </ChatProvider>,
  );
  expect(page).toContain("connecting");
  expect(renderToString(<App />)).toBe("");
});

test("the connection is followed from its beginning to its end", async () => {
  const client = start(new ChatServer());
  const hook = await use(useConnection, undefined, client);
  expect(hook.all[0]?.phase).toBe("connecting");
  expect(hook.now).toMatchObject({ phase: "online", transport: "websocket" });
  await step(() => client.dispose());
  expect(hook.now.phase).toBe("ended");
});

test("whose session it is, and the limits, are known once the server has said them", async () => {
  const client = start(new ChatServer());
  const self = await use(useSelf, undefined, client);
  const limits = await use(useLimits, undefined, client);
  expect(self.all).toEqual([null, ME]);
  expect(limits.now?.textChars).toBe(8_000);
});

test("how the person appears changes with what they choose", async () => {
  const client = start(new ChatServer());
  const own = await use(useOwn, undefined, client);
  await step(() => client.setStatus("in Rome"));
  expect(own.now).toEqual({ away: false, status: "in Rome", privateReceipts: false });
});

test("a person renders again only when something of them changes", async () => {
  const server = new ChatServer();
  const client = start(server);
  const people = await use(usePeople, undefined, client);
  const me = await use(usePerson, ME, client);
  const presence = await use(usePresence, OTHER, client);
  expect(me.now?.name).toBe("Giulia");
  expect(presence.now).toBeNull();
  const times = [me.all.length, people.all.length] as const;
  const value = { user: OTHER, version: 1, lastSeen: null, status: null } as const;
  await step(() =>
    server.link.event({ type: "presence", value: { ...value, availability: "away" } }),
  );
  expect(presence.now?.availability).toBe("away");
  expect(people.now.presence.get(OTHER)?.availability).toBe("away");
  expect(me.all).toHaveLength(times[0]);
  expect(people.all).toHaveLength(times[1] + 1);
  await me.use(OTHER);
  expect(me.now).toBeNull();
  await act(() => presence.use(ME));
  expect(presence.now?.availability).toBe("online");
});
