/** A client of the server in memory, ended after its test. */

import { afterEach } from "vitest";
import { ChatClient } from "../src/client/client.ts";
import type { ChatClientOptions } from "../src/client/options.ts";
import type { Route } from "../src/link/discover.ts";
import { type Command, deviceId, type WireError } from "../src/protocol.ts";
import { type FakeServer, FakeTimers } from "./fake.ts";

const clients: ChatClient[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.dispose();
});

/** A client that connects at once. */
export function start(server: FakeServer, options: Partial<ChatClientOptions> = {}) {
  const timers = new FakeTimers();
  server.timers = timers;
  const routes: Route[] = [{ kind: "websocket", dial: server.dial() }];
  const client = new ChatClient({
    server: "http://localhost",
    getToken: async () => "token",
    device: deviceId("0".repeat(32)),
    timers,
    localTime: () => timers.monotonic(),
    routes: async () => routes,
    backoff: { random: () => 0.5 },
    ...options,
  });
  clients.push(client);
  return { client, timers };
}

/** How many commands of a kind came. */
export function count(server: FakeServer, type: Command["type"]): number {
  return server.commands.filter((command) => command.type === type).length;
}

/** An error that the server answers with. */
export function refusal(code: WireError["code"], retryAfterMs: number | null = null): WireError {
  return { code, sentence: code, outcome: "refused", retryAfterMs };
}
