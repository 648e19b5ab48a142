/** The link over server-sent events and POST, against a real port. */

import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { ChatClient } from "../src/client/client.ts";
import { HEAD_START_MS } from "../src/client/race.ts";
import { routes } from "../src/link/discover.ts";
import { FrameError } from "../src/link/frames.ts";
import type { Farewell, Link, LinkEvents } from "../src/link/link.ts";
import { EventReader, MAX_LINE, type StreamEvent, sseDial } from "../src/link/sse.ts";
import { clientFrameFromBytes, randomDeviceId, serverFrameToBytes } from "../src/protocol.ts";
import { sleep } from "../src/timers.ts";
import { FakeServer, FakeTimers, ROOM } from "./fake.ts";
import { start } from "./start.ts";

const NAME = "7".repeat(48);
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
const bytes = (text: string) => new TextEncoder().encode(text);

async function textOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString();
}

/** A server of streams; `post` answers each POST with a status, or none to break the connection. */
async function listen(post: (body: string, count: number) => number | null) {
  const bodies: string[] = [];
  let stream: ServerResponse | undefined;
  const server = createServer(async (request, response) => {
    if (request.url === "/api/chat/connect") {
      response.end(JSON.stringify({ webtransport: null, websocket: null, events: { path: "/e" } }));
    } else if (request.method === "GET" && request.url !== "/e?protocol=caffis.v1") {
      response.writeHead(404).end();
    } else if (request.method === "GET") {
      stream = response.writeHead(200, { "content-type": "text/event-stream" });
      stream.write(`event: stream\ndata: ${NAME}\n\n`);
    } else {
      const body = await textOf(request);
      bodies.push(body);
      const status = post(body, bodies.length);
      if (status === null) request.socket.destroy();
      else response.writeHead(status).end();
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closing.push(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  return { url, bodies, write: (text: string) => stream?.write(text), end: () => stream?.end() };
}

/** A link, and what it hears. */
async function dial(url: string) {
  const frames: string[] = [];
  const wakers: (() => void)[] = [];
  let pongs = 0;
  let farewell: Farewell | undefined;
  const heard = () => {
    for (const wake of wakers.splice(0)) wake();
  };
  const events: LinkEvents = {
    frame: (payload) => {
      frames.push(new TextDecoder().decode(payload));
      heard();
    },
    datagram() {},
    pong: () => {
      pongs += 1;
      heard();
    },
    closed: (said) => {
      farewell = said;
      heard();
    },
  };
  const link: Link = await sseDial(`${url}/e`)(events, new AbortController().signal);
  closing.push(() => link.close({ code: 1, reason: "" }));
  const until = async (done: () => boolean) => {
    while (!done()) await new Promise<void>((resolve) => wakers.push(resolve));
  };
  return { link, frames, until, pongs: () => pongs, farewell: () => farewell };
}

/** The lines of a POST after its first one. */
const lines = (body: string) => body.split("\n").slice(1, -1);
const numberOf = (body: string) => Number(body.split("\n")[0]?.split(" ")[1]);

describe("events", () => {
  const read = (reader: EventReader, text: string) => [...reader.push(bytes(text))];

  test("come whole out of a stream, however it is cut", () => {
    const text =
      ":\n\nid: 1\n\ndata: \n\nevent: ping\ndata:\n\nevent: x\n\ndata: a\r\ndata: è\r\n\r\n";
    const expected: StreamEvent[] = [
      { type: "", data: "" },
      { type: "ping", data: "" },
      { type: "", data: "a\nè" },
    ];
    for (const step of [1, 2, 7, 1_000]) {
      const reader = new EventReader();
      const found: StreamEvent[] = [];
      const all = bytes(text);
      for (let at = 0; at < all.length; at += step) {
        found.push(...reader.push(all.slice(at, at + step)));
      }
      expect(found).toEqual(expected);
    }
  });

  test("over the limit are refused, in one line and in several", () => {
    expect(() => read(new EventReader(), "a".repeat(MAX_LINE + 1))).toThrow(FrameError);
    const reader = new EventReader();
    const line = `data: ${"a".repeat(MAX_LINE - 100)}\n`;
    read(reader, line);
    expect(() => read(reader, line)).toThrow(FrameError);
  });
});

describe("a link over server-sent events", () => {
  test("carries frames both ways, and answers pings", async () => {
    const server = await listen(() => 204);
    const { link, frames, until, pongs } = await dial(server.url);
    const large = "x".repeat(200_000);
    server.write(`data: ${base64(bytes("one"))}\n\nevent: newer\ndata: ?\n\n`);
    server.write(`data: ${base64(bytes(large))}\n\nevent: pong\ndata: \n\n`);
    await until(() => pongs() === 1);
    expect(frames).toEqual(["one", large]);
    server.write("event: ping\ndata: \n\n");
    link.send(bytes("a"));
    link.ping();
    const sent = () => server.bodies.flatMap(lines);
    await expect.poll(sent).toEqual(expect.arrayContaining([base64(bytes("a")), ":ping", ":pong"]));
    expect(server.bodies.map(numberOf)).toEqual(server.bodies.map((_, index) => index + 1));
    expect(server.bodies.every((body) => body.startsWith(`${NAME} `))).toBe(true);
  });

  test("sends one POST at a time, with all that gathered, and large ones apart", async () => {
    const server = await listen(() => 204);
    const { link } = await dial(server.url);
    const large = new Uint8Array(100_000);
    for (const payload of [bytes("a"), bytes("b"), large, bytes("c")]) link.send(payload);
    const sent = () => server.bodies.flatMap(lines);
    await expect.poll(sent).toEqual([bytes("a"), bytes("b"), large, bytes("c")].map(base64));
    expect(server.bodies.map((body) => lines(body).length)).toEqual([2, 1, 1]);
  });

  test("sends a POST again whose answer was lost, under its number, and goes on", async () => {
    const server = await listen((_, count) => (count === 1 ? null : count === 2 ? 503 : 204));
    const { link, farewell } = await dial(server.url);
    link.send(bytes("a"));
    await expect.poll(() => server.bodies.length).toBeGreaterThan(0);
    link.send(bytes("b"));
    await expect.poll(() => server.bodies.map(numberOf)).toEqual([1, 1, 1, 2]);
    expect(new Set(server.bodies.slice(0, 3)).size).toBe(1);
    expect(farewell()).toBeUndefined();
  });

  test("ends with what the server says, or with why POSTs are refused", async () => {
    const server = await listen(() => 404);
    const told = await dial(server.url);
    told.link.send(bytes("a"));
    await expect.poll(() => server.bodies.length).toBe(1);
    // The goodbye came after the refusal, and says more.
    server.write("event: farewell\ndata: 9 so long\n\n");
    await told.until(() => told.farewell() !== undefined);
    expect(told.farewell()).toEqual({ code: 9, reason: "so long" });
    const untold = await dial(server.url);
    untold.link.send(bytes("a"));
    await untold.until(() => untold.farewell() !== undefined);
    expect(untold.farewell()).toMatchObject({ code: 0, reason: expect.stringContaining("404") });
    expect(server.bodies).toHaveLength(2);
  });

  test("ends with the stream, and says goodbye when it is closed", async () => {
    const server = await listen(() => 204);
    const cut = await dial(server.url);
    server.end();
    await cut.until(() => cut.farewell() !== undefined);
    expect(cut.farewell()?.code).toBe(0);
    const closed = await dial(server.url);
    closed.link.send(bytes("a"));
    closed.link.close({ code: 1, reason: "do\nne" });
    await expect.poll(() => server.bodies.flatMap(lines)).toEqual(["YQ==", ":bye 1 do ne"]);
    const broken = await dial(server.url);
    server.write("data: ?\n\n");
    await broken.until(() => broken.farewell() !== undefined);
    expect(broken.farewell()?.code).toBe(2);
  });

  test("that is not opened rejects the dial", async () => {
    const server = await listen(() => 204);
    const events = { frame() {}, datagram() {}, pong() {}, closed() {} };
    const wrong = sseDial(`${server.url}/other`);
    await expect(wrong(events, new AbortController().signal)).rejects.toThrow("404");
    const aborted = sseDial(`${server.url}/e`);
    await expect(aborted(events, AbortSignal.abort(new Error("over")))).rejects.toThrow("over");
  });
});

test("a client without WebSocket and WebTransport connects, opens a room and sends", async () => {
  const fake = new FakeServer();
  fake.write("one");
  const server = await listen((body) => {
    for (const line of lines(body)) {
      if (line === ":ping") server.write("event: pong\ndata: \n\n");
      if (line.startsWith(":")) continue;
      const frame = clientFrameFromBytes(new Uint8Array(Buffer.from(line, "base64")));
      if (frame.type !== "request") continue;
      const { id, command } = frame.value;
      const result = { type: "ok", value: fake.answer(command) } as const;
      const reply = serverFrameToBytes({ type: "reply", value: { id, result } });
      server.write(`data: ${base64(reply)}\n\n`);
    }
    return 204;
  });
  const client = new ChatClient({
    server: server.url,
    device: randomDeviceId(),
    getToken: async () => "token",
  });
  closing.push(() => client.dispose());
  await client.open(ROOM);
  client.send(ROOM, "two");
  await expect.poll(() => client.room(ROOM).getSnapshot()?.entries.length).toBe(2);
  expect(client.connection.getSnapshot()).toMatchObject({ phase: "online", transport: "sse" });
  expect(fake.entries).toHaveLength(2);
});

describe("the last rung", () => {
  const info = { webtransport: null, websocket: { path: "/ws" }, events: { path: "/e" } };
  const headStarts = (last: "sse" | null) =>
    routes("http://localhost", info, "", undefined, last).map((route) => [
      route.kind,
      route.headStartMs ?? HEAD_START_MS,
    ]);

  test("comes after WebSocket, which has longer unless it was of no use before", () => {
    expect(headStarts(null)).toEqual([
      ["websocket", 3_000],
      ["sse", HEAD_START_MS],
    ]);
    expect(headStarts("sse")[0]).toEqual(["websocket", HEAD_START_MS]);
    expect(routes("http://localhost", { ...info, events: null }, "")).toHaveLength(1);
  });

  test("is taken when WebSocket is silent for its head start, and at once when it fails", async () => {
    const server = new FakeServer();
    const timers = new FakeTimers();
    const connect = async (webSocket: (signal: AbortSignal) => Promise<void>, after: number) => {
      const { client } = start(server, {
        timers,
        routes: async () => [
          { kind: "websocket", dial: server.dial("websocket", webSocket), headStartMs: 3_000 },
          { kind: "sse", dial: server.dial("sse") },
        ],
      });
      await timers.advance(after);
      const { transport } = client.connection.getSnapshot();
      client.dispose();
      return transport;
    };
    const slow = (delay: number) => (signal: AbortSignal) => sleep(timers, delay, signal);
    expect(await connect(slow(2_900), 2_950)).toBe("websocket");
    expect(await connect(slow(60_000), 2_950)).toBe(null);
    expect(await connect(slow(60_000), 3_050)).toBe("sse");
    expect(await connect(() => Promise.reject(new Error("refused")), 10)).toBe("sse");
  });
});
